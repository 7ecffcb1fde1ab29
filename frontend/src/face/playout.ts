/** How long sound waits in this browser before it is heard. */

/**
 * Milliseconds between the release of a moment of sound and the arrival of the packet that carries
 * it, beyond what the network takes, and from the jitter buffer to the sound card: Opus fills a packet
 * of 20 ms first and looks 6.5 ms ahead (RFC 6716 §2.1.4), and WebRTC hands over 10 ms at a time.
 * Weights do not wait for that. Measured in Chromium: 31 to 41.
 */
const PACKET = 36.5;
/** No sound card needs longer; a browser that says so is wrong. */
const LONGEST_OUTPUT = 0.5;

/** Of `RTCInboundRtpStreamStats` (https://www.w3.org/TR/webrtc-stats/). */
export interface BufferCounts {
  jitterBufferDelay: number;
  jitterBufferEmittedCount: number;
}

/** Follows the counts of one audio track. */
export class Playout {
  #last: BufferCounts | null = null;
  #buffer: number | null = null;

  /** Counts of now, and the sound card's latency in seconds, where the browser tells it. */
  update(counts: BufferCounts): void {
    const last = this.#last;
    this.#last = counts;
    if (last === null) return;
    const emitted = counts.jitterBufferEmittedCount - last.jitterBufferEmittedCount;
    const delay = counts.jitterBufferDelay - last.jitterBufferDelay;
    if (emitted > 0 && delay >= 0) this.#buffer = (1000 * delay) / emitted;
  }

  /** Another track: its counts begin anew. */
  reset(): void {
    this.#last = null;
  }

  /**
   * Milliseconds from when a packet of weights comes until its sound is heard; null while the
   * browser has not told enough. `output`: seconds that the sound card takes.
   */
  hold(output = 0): number | null {
    if (this.#buffer === null) return null;
    const card = output > 0 && output < LONGEST_OUTPUT ? 1000 * output : 0;
    return PACKET + this.#buffer + card;
  }
}

/** The counts of an audio receiver's report, if it has them. */
export function bufferCounts(report: RTCStatsReport | undefined): BufferCounts | null {
  for (const entry of report?.values() ?? []) {
    const stats = entry as { type?: string; kind?: string } & Partial<BufferCounts>;
    const { jitterBufferDelay, jitterBufferEmittedCount } = stats;
    if (stats.type !== 'inbound-rtp' || stats.kind !== 'audio') continue;
    if (jitterBufferDelay === undefined || jitterBufferEmittedCount === undefined) continue;
    return { jitterBufferDelay, jitterBufferEmittedCount };
  }
  return null;
}
