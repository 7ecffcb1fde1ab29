import { useParticipantAttribute, useRoomContext } from '@livekit/components-react';
import { useCallback, useState } from 'react';
import { ATTRIBUTE_CONTROL, ATTRIBUTE_SETTINGS, RPC_SETTINGS } from '../protocol';
import { parseTalk, type Talk } from './talk';
import type { Agent } from './useAgent';
import { useWishes, type Wishes } from './useWishes';

export interface TalkControl extends Wishes {
  /** This person may change it. */
  possible: boolean;
  /** In force, as far as the agent says. */
  talk: Talk | null;
  /** What was asked for and is not answered yet. */
  asked: Partial<Talk>;
  ask: (wish: Partial<Talk>) => Promise<void>;
}

const NOTHING: Partial<Talk> = {};

/** How the conversation is held, and how to ask for another way. */
export function useTalk({ participant }: Agent): TalkControl {
  const room = useRoomContext();
  const [asked, setAsked] = useState(NOTHING);
  const control = useParticipantAttribute(ATTRIBUTE_CONTROL, {
    participant: room.localParticipant,
  });
  const talk = parseTalk(participant?.attributes[ATTRIBUTE_SETTINGS]);
  const wishes = useWishes(
    participant?.identity,
    RPC_SETTINGS,
    'Your conversation partner did not answer. Try once more.',
  );
  const send = wishes.ask;

  const ask = useCallback(
    async (wish: Partial<Talk>) => {
      setAsked((others) => ({ ...others, ...wish }));
      await send(wish);
      setAsked(NOTHING);
    },
    [send],
  );

  return { ...wishes, ask, asked, possible: control === 'true' && talk !== null, talk };
}
