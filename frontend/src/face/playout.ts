/** How long sound waits in this browser before it is heard. */
import { type BufferCounts, JitterBuffer } from '../media/jitterBuffer';

/**
 * Milliseconds between the release of a moment of sound and the arrival of the packet that carries
 * it, beyond what the network takes, and from the jitter buffer to the sound card: Opus looks 6.5 ms
 * ahead (RFC 6716 §2.2) and WebRTC hands over 10 ms at a time, while weights of a packet's 20 ms come
 * with its first sample. While 10 ms were released at a time it was 31 to 41 in Chromium, where 36.5
 * stood for it; now it is 5 less by calculation.
 */
const PACKET = 31.5;
/** No sound card needs longer; a browser that says so is wrong. */
const LONGEST_OUTPUT = 0.5;

/** Follows the counts of one audio track. */
export class Playout {
  readonly #buffer = new JitterBuffer();

  update(counts: BufferCounts): void {
    this.#buffer.update(counts);
  }

  /**
   * Milliseconds from when a packet of weights comes until its sound is heard; null while the
   * browser has not told enough. `output`: seconds that the sound card takes.
   */
  hold(output = 0): number | null {
    if (this.#buffer.wait === null) return null;
    const card = output > 0 && output < LONGEST_OUTPUT ? 1000 * output : 0;
    return PACKET + this.#buffer.wait + card;
  }
}
