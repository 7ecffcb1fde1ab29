import { type Room, RpcError } from 'livekit-client';
import { RPC_SHOW_CARD } from '../protocol';
import { type Card, parseCard } from './card';

export const MOST_CARDS = 3;

const WRONG = 1400;
const FORBIDDEN = 1403;

export interface ShownCard extends Card {
  id: number;
}

/**
 * The cards that lie beside one conversation, newest first, as a store for `useSyncExternalStore`.
 * Made before the room connects. Only agents may show cards, for one can send people anywhere.
 */
export class Deck {
  private readonly listeners = new Set<() => void>();
  private cards: readonly ShownCard[] = [];
  private shown = 0;

  constructor(room: Room) {
    room.registerRpcMethod(RPC_SHOW_CARD, ({ callerIdentity, payload }) => {
      if (room.remoteParticipants.get(callerIdentity)?.isAgent !== true) {
        return Promise.reject(new RpcError(FORBIDDEN, 'only an agent may show a card'));
      }
      try {
        this.show(parseCard(payload));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return Promise.reject(new RpcError(WRONG, reason));
      }
      return Promise.resolve('ok');
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly read = (): readonly ShownCard[] => this.cards;

  readonly dismiss = (id: number): void => {
    this.publish(this.cards.filter((card) => card.id !== id));
  };

  private show(card: Card): void {
    const same = JSON.stringify(card);
    const others = this.cards.filter(
      ({ title, text, link }) => JSON.stringify({ title, text, link }) !== same,
    );
    this.publish([{ ...card, id: (this.shown += 1) }, ...others].slice(0, MOST_CARDS));
  }

  private publish(cards: readonly ShownCard[]): void {
    this.cards = cards;
    for (const listener of this.listeners) listener();
  }
}
