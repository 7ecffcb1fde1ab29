import { useRoomContext } from '@livekit/components-react';
import { RpcError } from 'livekit-client';
import { useCallback, useRef, useState } from 'react';

export interface Wishes {
  /** Something was asked for and is not there yet. */
  pending: boolean;
  /** Why the last wish was refused, in the words of who refused it. */
  problem: string | null;
  /** Settles once it is answered. Never rejects. */
  ask: (wish: object) => Promise<void>;
}

/**
 * Asks a participant for changes by an RPC whose payload is JSON of what shall be different.
 * `silence` is told where it does not answer.
 */
export function useWishes(identity: string | undefined, method: string, silence: string): Wishes {
  const room = useRoomContext();
  const [asked, setAsked] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef(0);

  const ask = useCallback(
    async (wish: object) => {
      if (identity === undefined) return;
      const number = ++newest.current;
      setAsked((count) => count + 1);
      let found: string | null = null;
      try {
        await room.localParticipant.performRpc({
          destinationIdentity: identity,
          method,
          payload: JSON.stringify(wish),
        });
      } catch (error) {
        found = explain(error) ?? silence;
      }
      setAsked((count) => count - 1);
      if (number === newest.current) setProblem(found);
    },
    [room, identity, method, silence],
  );

  return { pending: asked > 0, problem, ask };
}

function explain(error: unknown): string | null {
  // LiveKit's errors of transport are 1500 and more.
  if (error instanceof RpcError && error.code < 1500) return error.data ?? error.message;
  return null;
}
