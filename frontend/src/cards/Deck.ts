import { type Room, RpcError } from 'livekit-client';
import { RPC_SHOW_CARD } from '../protocol';
import { Store } from '../store';
import { type Card, parseCard } from './card';

export const MOST_CARDS = 3;

const WRONG = 1400;
const FORBIDDEN = 1403;

export interface ShownCard extends Card {
  id: number;
}

/**
 * The cards that lie beside one conversation, newest first.
 * Made before the room connects. Only agents may show cards, for one can send people anywhere.
 */
export class Deck extends Store<readonly ShownCard[]> {
  private shown = 0;

  constructor(room: Room) {
    super([]);
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

  readonly dismiss = (id: number): void => {
    this.publish(this.read().filter((card) => card.id !== id));
  };

  private show(card: Card): void {
    const same = JSON.stringify(card);
    const others = this.read().filter(
      ({ title, text, link }) => JSON.stringify({ title, text, link }) !== same,
    );
    this.publish([{ ...card, id: (this.shown += 1) }, ...others].slice(0, MOST_CARDS));
  }
}
