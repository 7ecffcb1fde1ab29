import { useRoomContext } from '@livekit/components-react';
import { useCallback, useEffect, useState } from 'react';
import { isComposing } from '../composing';
import { RPC_INTERRUPT } from '../protocol';
import type { Agent } from './useAgent';

export interface Interrupt {
  /** There is something to stop. */
  possible: boolean;
  failed: boolean;
  interrupt: () => void;
}

/** Stops the agent's answer, by call or by the Escape key. */
export function useInterrupt({ participant, state }: Agent): Interrupt {
  const room = useRoomContext();
  const [failed, setFailed] = useState(false);
  const identity = participant?.identity;
  const possible = identity !== undefined && (state === 'speaking' || state === 'thinking');

  const interrupt = useCallback(() => {
    if (identity === undefined) return;
    room.localParticipant
      .performRpc({ destinationIdentity: identity, method: RPC_INTERRUPT, payload: '' })
      .then(
        () => {
          setFailed(false);
        },
        () => {
          setFailed(true);
        },
      );
  }, [room, identity]);

  useEffect(() => {
    if (!possible) return;
    const onKey = (event: KeyboardEvent) => {
      // An open panel takes Escape first, and so does a word that is being put together.
      if (event.key !== 'Escape' || event.defaultPrevented || event.repeat) return;
      if (!isComposing(event)) interrupt();
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, [possible, interrupt]);

  return { possible, failed: failed && possible, interrupt };
}
