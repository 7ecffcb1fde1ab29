/**
 * Keeps an avatar's picture with its sound from the first word on.
 *
 * A browser does that by itself, but only after it had two reports of the sender's clock of either
 * track, ten seconds into a call, and then leaves alone what is less than 30 ms
 * (libwebrtc's `StreamSynchronization`). Until then sound waits in its jitter buffer for 60 to 200
 * ms and the picture for 10: the lips are ahead. An avatar's sound and picture leave together, so
 * what they wait here tells it at once.
 */
import { bufferCounts, JitterBuffer } from './jitterBuffer';

/** Less is not worth a change of speed that could be seen. */
const WORTH = 6;
/** A buffer that holds more is no judge of the way to here. */
const LONGEST = 400;
/** Milliseconds of a speaker whose browser does not tell. */
const USUAL_OUTPUT = 20;
const EVERY = 250;

/**
 * Milliseconds until the picture is shown, for sound that waits `sound` of them in its buffer and
 * takes `output` to the speaker: as many. (The picture leaves 20 ms after the first sample of its
 * sound, which then waits for as long until Opus has filled a packet.)
 */
export function pictureWait(sound: number, output: number): number {
  return Math.min(LONGEST, sound + output);
}

/** Milliseconds that sound takes from the jitter buffer to the speaker, of `media-playout`. */
export function outputDelay(report: RTCStatsReport): number {
  for (const entry of report.values()) {
    const stats = entry as { type?: string; totalPlayoutDelay?: number; totalSamplesCount?: number };
    const { totalPlayoutDelay, totalSamplesCount } = stats;
    if (stats.type === 'media-playout' && totalPlayoutDelay !== undefined && totalSamplesCount) {
      return (1000 * totalPlayoutDelay) / totalSamplesCount;
    }
  }
  return USUAL_OUTPUT;
}

/** Until what it answers is called. A browser without `jitterBufferTarget` is left as it is. */
export function keepLipSync(audio: RTCRtpReceiver, video: RTCRtpReceiver): () => void {
  if (!('jitterBufferTarget' in video)) return () => undefined;
  const sound = new JitterBuffer();
  sound.update({ jitterBufferDelay: 0, jitterBufferEmittedCount: 0 }); // A new track tells at once.
  const look = async () => {
    const report = await audio.getStats();
    const counts = bufferCounts(report);
    if (counts !== null) sound.update(counts);
    if (sound.wait === null) return;
    // Not what the browser itself holds sound back, for a picture that is late: each would wait for
    // the other, longer and longer.
    const wait = pictureWait(Math.max(0, sound.wait - sound.held), outputDelay(report));
    if (Math.abs(wait - (video.jitterBufferTarget ?? 0)) > WORTH) video.jitterBufferTarget = wait;
  };
  const timer = setInterval(() => {
    look().catch(() => undefined); // A track that ends while it is asked.
  }, EVERY);
  return () => {
    clearInterval(timer);
  };
}
