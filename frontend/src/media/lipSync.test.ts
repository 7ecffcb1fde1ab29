import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bufferCounts } from './jitterBuffer';
import { keepLipSync, outputDelay, pictureWait } from './lipSync';

type Entry = Record<string, unknown>;

function reportOf(...entries: Entry[]): RTCStatsReport {
  return new Map(entries.map((entry, at) => [String(at), entry]));
}

function inbound(seconds: number, wait: number, held = 0): Entry {
  const emitted = 48_000 * seconds;
  return {
    type: 'inbound-rtp',
    jitterBufferDelay: (emitted * wait) / 1000,
    jitterBufferTargetDelay: (emitted * wait) / 1000,
    jitterBufferMinimumDelay: (emitted * (wait - held)) / 1000,
    jitterBufferEmittedCount: emitted,
  };
}

const PLAYOUT = { type: 'media-playout', totalPlayoutDelay: 1440, totalSamplesCount: 48_000 };

class Receiver {
  jitterBufferTarget: number | null = null;
  changes = 0;
  seconds = 0;
  wait = 120;
  held = 0;
  getStats() {
    this.seconds += 1;
    return Promise.resolve(reportOf(inbound(this.seconds, this.wait, this.held), PLAYOUT));
  }
}

function keep(audio: object, video: object): () => void {
  return keepLipSync(audio as RTCRtpReceiver, video as RTCRtpReceiver);
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('lips are not ahead of sound that waits in its buffer', async () => {
  const audio = new Receiver();
  const video = new Receiver();
  const stop = keep(audio, video);
  await vi.advanceTimersByTimeAsync(250);
  expect(video.jitterBufferTarget).toBeCloseTo(120 + 30);
  audio.seconds = 0; // The track was published anew: its counts begin again.
  audio.wait = 40;
  await vi.advanceTimersByTimeAsync(2000);
  expect(video.jitterBufferTarget).toBeCloseTo(40 + 30);
  stop();
  const last = video.jitterBufferTarget;
  audio.wait = 400;
  await vi.advanceTimersByTimeAsync(5000);
  expect(video.jitterBufferTarget).toBe(last);
});

test('sound and picture do not wait for each other, longer and longer', async () => {
  const audio = new Receiver();
  const video = new Receiver();
  audio.held = 80;
  keep(audio, video);
  await vi.advanceTimersByTimeAsync(2000);
  expect(video.jitterBufferTarget).toBeCloseTo(120 - 80 + 30);
});

test('a picture is not slowed down and sped up for a few milliseconds', async () => {
  const audio = new Receiver();
  const video = new Receiver();
  keep(audio, video);
  await vi.advanceTimersByTimeAsync(1000);
  const before = video.jitterBufferTarget;
  audio.getStats = () => {
    audio.seconds += 1;
    return Promise.resolve(reportOf(inbound(audio.seconds, 120 + 2 / audio.seconds), PLAYOUT));
  };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(video.jitterBufferTarget).toBe(before);
});

test('a browser that has no such thing, or a track that ends, does not break the call', async () => {
  keep(new Receiver(), {})();
  const video = new Receiver();
  keep({ getStats: () => Promise.reject(new Error('ended')) }, video);
  await vi.advanceTimersByTimeAsync(2000);
  expect(video.jitterBufferTarget).toBeNull();
});

test('a wait out of all proportion does not stop the picture', () => {
  expect(pictureWait(5000, 30)).toBe(400);
});

test('what a report does not tell is not taken for nothing', () => {
  expect(outputDelay(reportOf(PLAYOUT))).toBe(30);
  expect(outputDelay(reportOf({ type: 'media-playout' }))).toBe(20);
  expect(outputDelay(reportOf())).toBe(20);
  expect(bufferCounts(reportOf({ ...inbound(1, 5), type: 'outbound-rtp' }))).toBeNull();
  expect(bufferCounts(undefined)).toBeNull();
});
