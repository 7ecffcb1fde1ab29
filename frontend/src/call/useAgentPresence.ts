import type { RemoteParticipant } from 'livekit-client';
import { useEffect, useState } from 'react';
import type { CallProblem } from './problems';

/** The gateway hands out a token only when an agent has the job, so it is a matter of joining. */
const COMES_WITHIN_MS = 12_000;
/** A participant that reconnects is gone for a moment. */
const RETURNS_WITHIN_MS = 3_000;

/** Tells when no agent joined the room, or when it has left. Clears itself when one is there. */
export function useAgentPresence(agent: RemoteParticipant | undefined): CallProblem | null {
  const [cameOnce, setCameOnce] = useState(false);
  const [waitedFor, setWaitedFor] = useState(false);
  const here = agent !== undefined;
  if (here && !cameOnce) setCameOnce(true);
  if (here && waitedFor) setWaitedFor(false);

  useEffect(() => {
    if (here) return;
    const timer = setTimeout(
      () => {
        setWaitedFor(true);
      },
      cameOnce ? RETURNS_WITHIN_MS : COMES_WITHIN_MS,
    );
    return () => {
      clearTimeout(timer);
    };
  }, [here, cameOnce]);

  if (here || !waitedFor) return null;
  return { kind: cameOnce ? 'agent-left' : 'agent-missing' };
}
