/** What can go wrong with a call, and how it is told to a person. */

export type CallProblem =
  | { kind: 'unreachable' }
  | { kind: 'busy'; retryAfter: number }
  | { kind: 'too-often'; retryAfter: number }
  | { kind: 'refused'; status: number }
  | { kind: 'no-route' }
  | { kind: 'agent-missing' }
  | { kind: 'agent-left' }
  | { kind: 'lost' }
  | { kind: 'elsewhere' }
  | { kind: 'closed' }
  | { kind: 'over' };

export type MicrophoneProblem = 'denied' | 'none' | 'in-use' | 'insecure' | 'failed';

export interface Explanation {
  title: string;
  detail: string;
}

export class CallError extends Error {
  readonly problem: CallProblem;

  constructor(problem: CallProblem) {
    super(explainCall(problem).title);
    this.name = 'CallError';
    this.problem = problem;
  }
}

export function explainCall(problem: CallProblem): Explanation {
  switch (problem.kind) {
    case 'unreachable':
      return {
        title: 'Visavis can’t be reached',
        detail: 'Check that you are online and that the server is running.',
      };
    case 'busy':
      return {
        title: 'Nobody is free right now',
        detail: 'Every conversation partner is talking to someone else. One is usually free soon.',
      };
    case 'too-often':
      return {
        title: 'Too many attempts',
        detail: 'The server was asked too often in a short time. Wait a moment and try again.',
      };
    case 'refused':
      return {
        title: 'The server refused to start a conversation',
        detail: `It answered with status ${problem.status}. Reload the page; if that does not help, the server’s log says why.`,
      };
    case 'no-route':
      return {
        title: 'No line for sound and picture',
        detail:
          'The conversation could not be opened. A firewall or a VPN may be in the way, or the media server is not running.',
      };
    case 'agent-missing':
      return {
        title: 'Nobody came',
        detail: 'The room is open, but nobody joined to talk with you.',
      };
    case 'agent-left':
      return {
        title: 'Your conversation partner has left',
        detail: 'What was said stays here to read until you start again.',
      };
    case 'lost':
      return {
        title: 'The connection is lost',
        detail: 'It could not be restored. What was said stays here to read until you start again.',
      };
    case 'elsewhere':
      return {
        title: 'This conversation moved',
        detail: 'It was opened in another window.',
      };
    case 'closed':
      return {
        title: 'The conversation has ended',
        detail: 'It was closed on the other side.',
      };
    case 'over':
      return {
        title: 'The conversation is over',
        detail: 'You were away for too long. Start another one.',
      };
  }
}

export function explainMicrophone(problem: MicrophoneProblem): Explanation {
  switch (problem) {
    case 'denied':
      return {
        title: 'The microphone is blocked',
        detail: 'Allow it in the browser’s address bar and try again, or type instead.',
      };
    case 'none':
      return {
        title: 'No microphone found',
        detail: 'Plug one in and try again, or type instead.',
      };
    case 'in-use':
      return {
        title: 'The microphone is busy',
        detail: 'Another program may be using it. Close that and try again, or type instead.',
      };
    case 'insecure':
      return {
        title: 'The microphone needs a secure page',
        detail: 'Browsers allow it on https:// or localhost only. You can type instead.',
      };
    case 'failed':
      return {
        title: 'The microphone did not start',
        detail: 'Try again, or type instead.',
      };
  }
}
