import type { MicrophoneProblem } from './problems';

/** Why a browser did not give its microphone. Names: W3C Media Capture and Streams, getUserMedia. */
export function diagnoseMicrophone(error: unknown, secure = window.isSecureContext): MicrophoneProblem {
  if (!secure) return 'insecure';
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use';
    default:
      return 'failed';
  }
}

/** Whether opening the microphone is about to ask the person. */
export async function microphoneWillAsk(): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: 'microphone' });
    return status.state === 'prompt';
  } catch {
    return false; // A browser that cannot tell: go on, it asks when it must.
  }
}
