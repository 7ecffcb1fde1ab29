import { useParticipantAttribute, useRoomContext } from '@livekit/components-react';
import { ATTRIBUTE_CONTROL, ATTRIBUTE_SETTINGS, RPC_SETTINGS } from '../protocol';
import { parseTalk, type Talk } from './talk';
import type { Agent } from './useAgent';
import { useWishes, type Wishes } from './useWishes';

export interface TalkControl extends Wishes {
  /** This person may change it. */
  possible: boolean;
  /** In force, as far as the agent says. */
  talk: Talk | null;
  ask: (wish: Partial<Talk>) => Promise<void>;
}

/** How the conversation is held, and how to ask for another way. */
export function useTalk({ participant }: Agent): TalkControl {
  const room = useRoomContext();
  const control = useParticipantAttribute(ATTRIBUTE_CONTROL, {
    participant: room.localParticipant,
  });
  const talk = parseTalk(participant?.attributes[ATTRIBUTE_SETTINGS]);
  const wishes = useWishes(
    participant?.identity,
    RPC_SETTINGS,
    'Your conversation partner did not answer. Try once more.',
  );
  return { ...wishes, possible: control === 'true' && talk !== null, talk };
}
