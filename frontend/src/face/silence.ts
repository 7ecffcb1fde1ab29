/** Milliseconds without a packet after which the avatar is asked again, and after which we give up. */
const ASK_AGAIN = 2000;
const GIVE_UP = 8000;
/** Milliseconds between two looks, and how late one may be unless the page itself was asleep. */
export const LOOK_EVERY = ASK_AGAIN / 2;
const ASLEEP = 3000;

/** For how long no weights have come, as far as that is the avatar's doing. Times: milliseconds. */
export class Silence {
  #heard: number;
  #asked: number;
  #looked: number;

  /** The avatar is asked at `now`. */
  constructor(now: number) {
    this.#heard = this.#asked = this.#looked = now;
  }

  hear(now: number): void {
    this.#heard = now;
  }

  /** What is to be done, looked at every {@link LOOK_EVERY}; `ask` counts as done. */
  look(now: number, connected: boolean): 'wait' | 'ask' | 'give up' {
    const late = now - this.#looked - LOOK_EVERY;
    this.#looked = now;
    // Nothing could come: from here on it is waited for.
    if (!connected || late > ASLEEP) this.#heard = this.#asked = now;
    if (now - this.#heard > GIVE_UP) return 'give up';
    if (now - this.#heard <= ASK_AGAIN || now - this.#asked <= ASK_AGAIN) return 'wait';
    this.#asked = now;
    return 'ask';
  }
}
