/** How long a track waits in this browser's jitter buffer. */

/** Of `RTCInboundRtpStreamStats` (https://www.w3.org/TR/webrtc-stats/). */
export interface BufferCounts {
  jitterBufferDelay: number;
  jitterBufferEmittedCount: number;
  jitterBufferTargetDelay?: number;
  jitterBufferMinimumDelay?: number;
}

/** Follows the counts of one track. */
export class JitterBuffer {
  #last: BufferCounts | null = null;
  /** Milliseconds of the last moments; null while the browser has not told enough. */
  wait: number | null = null;
  /** Of them, those that the network is not to blame for: to stay with another track, say. */
  held = 0;

  update(counts: BufferCounts): void {
    const last = this.#last;
    this.#last = counts;
    if (last === null) return;
    const emitted = counts.jitterBufferEmittedCount - last.jitterBufferEmittedCount;
    const delay = counts.jitterBufferDelay - last.jitterBufferDelay;
    if (emitted <= 0 || delay < 0) return;
    this.wait = (1000 * delay) / emitted;
    this.held = (1000 * Math.max(0, held(counts) - held(last))) / emitted;
  }
}

function held({ jitterBufferTargetDelay, jitterBufferMinimumDelay }: BufferCounts): number {
  if (jitterBufferTargetDelay === undefined || jitterBufferMinimumDelay === undefined) return 0;
  return jitterBufferTargetDelay - jitterBufferMinimumDelay;
}

/** The counts of a receiver's report, if it has them. */
export function bufferCounts(report: RTCStatsReport | undefined): BufferCounts | null {
  for (const entry of report?.values() ?? []) {
    const stats = entry as { type?: string } & Partial<BufferCounts>;
    const { jitterBufferDelay, jitterBufferEmittedCount } = stats;
    if (stats.type !== 'inbound-rtp') continue;
    if (jitterBufferDelay === undefined || jitterBufferEmittedCount === undefined) continue;
    return { ...stats, jitterBufferDelay, jitterBufferEmittedCount };
  }
  return null;
}
