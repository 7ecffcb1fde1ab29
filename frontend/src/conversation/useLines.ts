import { useSyncExternalStore } from 'react';
import type { Conversation } from './Conversation';
import type { Line } from './lines';

export function useLines(conversation: Conversation): readonly Line[] {
  return useSyncExternalStore(conversation.subscribe, conversation.read);
}
