import { useConnectionState } from '@livekit/components-react';
import { ConnectionState, type RemoteParticipant } from 'livekit-client';
import { useEffect, useState } from 'react';
import { callPatiently } from './callPatiently';
import type { CallProblem } from './problems';

/** The gateway hands out a token only when an agent has the job, so it is a matter of joining. */
const COMES_WITHIN_MS = 12_000;
/** A participant that reconnects is gone for a moment. */
const MISSED_AFTER_MS = 1_500;
/** One whose process died is replaced by its worker; after that it takes the gateway. */
const CALLED_AFTER_MS = 6_000;

export interface AgentPresence {
  /** It was here, is gone, and may come back or be replaced. */
  away: boolean;
  problem: CallProblem | null;
}

type Absence = 'none' | 'away' | 'given-up';

/** Tells when no agent joined the room or when it is gone, and calls for another then. */
export function useAgentPresence(
  agent: RemoteParticipant | undefined,
  callAgent: () => Promise<void>,
): AgentPresence {
  const connected = useConnectionState() === ConnectionState.Connected;
  const [cameOnce, setCameOnce] = useState(false);
  const [absence, setAbsence] = useState<Absence>('none');
  const here = agent !== undefined;
  if (here && !cameOnce) setCameOnce(true);
  if (here && absence !== 'none') setAbsence('none');

  useEffect(() => {
    // Who has no connection sees nobody.
    if (here || !connected) return;
    const controller = new AbortController();
    const { signal } = controller;
    const after = (milliseconds: number, then: () => void) => {
      const timer = setTimeout(then, milliseconds);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
      });
    };
    const giveUp = () => {
      if (!signal.aborted) setAbsence('given-up');
    };
    const expectAgent = () => {
      if (!signal.aborted) after(COMES_WITHIN_MS, giveUp);
    };
    if (cameOnce) {
      after(MISSED_AFTER_MS, () => {
        setAbsence('away');
      });
      after(CALLED_AFTER_MS, () => {
        callPatiently(callAgent, signal).then(expectAgent, giveUp);
      });
    } else {
      expectAgent();
    }
    return () => {
      controller.abort();
    };
  }, [here, connected, cameOnce, callAgent]);

  if (here) return { away: false, problem: null };
  return {
    away: absence === 'away',
    problem: absence === 'given-up' ? { kind: cameOnce ? 'agent-left' : 'agent-missing' } : null,
  };
}
