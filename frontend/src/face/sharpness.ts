/** Fewer pixels where a device cannot draw them in time: half of them are better than half the rate. */

const WINDOW = 30;
/** Milliseconds from picture to picture from which it is too slow, by the median. */
const SLOW = 40;
const STEP = 0.75;
const LEAST = 0.5;

export class Sharpness {
  /** Share of the screen's pixels from side to side. */
  value = 1;
  #gaps: number[] = [];
  #last: number | null = null;

  /** A picture was drawn at `now`; answers whether {@link value} has changed. */
  note(now: number): boolean {
    const gap = this.#last === null ? null : now - this.#last;
    this.#last = now;
    // A page that was hidden is not slow.
    if (gap === null || gap > 1000) return false;
    this.#gaps.push(gap);
    if (this.#gaps.length < WINDOW) return false;
    const median = this.#gaps.sort((a, b) => a - b)[WINDOW / 2] ?? 0;
    this.#gaps = [];
    if (median < SLOW || this.value <= LEAST) return false;
    this.value = Math.max(LEAST, this.value * STEP);
    return true;
  }
}
