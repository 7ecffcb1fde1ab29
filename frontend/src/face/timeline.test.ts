import { expect, test } from 'vitest';
import { ARKIT_NAMES } from '../protocol';
import type { WeightsPacket } from './packet';
import { WeightsTimeline } from './timeline';

const JAW = ARKIT_NAMES.indexOf('jawOpen');
const BLINK = ARKIT_NAMES.indexOf('eyeBlinkLeft');
const FRAME = 1000 / 30;

/** The jaw says which moment of the sound the frame belongs to: 0 to 1 in a second, over and over. */
const jawAt = (time: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * time) / 1000);

function packet(number: number, track = 1): WeightsPacket {
  const time = Math.round(number * FRAME);
  const weights = new Float32Array(52);
  weights[JAW] = jawAt(time);
  weights[BLINK] = 0.4;
  return {
    track,
    sequence: number & 0xffff,
    time,
    segment: 0,
    position: time,
    paused: false,
    pose: { yaw: 3, pitch: 0, roll: 0 },
    weights,
  };
}

interface Network {
  /** Milliseconds that packet `number` is on its way. */
  delay?: (number: number) => number;
  lost?: (number: number) => boolean;
  /** How much faster than ours the avatar's clock is. */
  drift?: number;
  hold?: number;
  seconds?: number;
  first?: number;
}

/** How far the jaw was from the one of the sound heard then, at every 16th millisecond. */
function watch(timeline: WeightsTimeline, network: Network = {}): number[] {
  const { delay = () => 20, lost = () => false, drift = 0, hold = 100, first = 0 } = network;
  const seconds = network.seconds ?? 10;
  timeline.hold = hold;
  const usual = Array.from({ length: 101 }, (_, k) => delay(first + k)).sort((a, b) => a - b)[50] ?? 20;
  const arrivals = Array.from({ length: seconds * 30 }, (_, k) => {
    const number = first + k;
    return { at: (k * FRAME) / (1 + drift) + delay(number), number };
  })
    .filter(({ number }) => !lost(number))
    .sort((a, b) => a.at - b.at);
  const errors: number[] = [];
  for (let now = 0; now < seconds * 1000; now += 16) {
    while (arrivals[0] !== undefined && arrivals[0].at <= now) {
      const { at, number } = arrivals.shift() ?? { at: 0, number: 0 };
      timeline.push(packet(number), at);
    }
    const shown = timeline.read(now);
    const heard = (now - usual - hold) * (1 + drift) + first * FRAME;
    if (shown !== null && now > 1000) errors.push(Math.abs((shown.weights[JAW] ?? 0) - jawAt(heard)));
  }
  return errors;
}

const worst = (errors: number[]) => Math.max(...errors);
/** A tenth of a second at its steepest. */
const ONE_FRAME_OFF = Math.PI / 30;

/** Numbers that look random and are the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('the mouth is neither early nor late where the network is quiet', () => {
  expect(worst(watch(new WeightsTimeline()))).toBeLessThan(0.02);
  expect(worst(watch(new WeightsTimeline(), { hold: 0 }))).toBeLessThan(ONE_FRAME_OFF);
});

test('jitter does not make the mouth jump', () => {
  const chance = random(1);
  const jitter = Array.from({ length: 400 }, () => 20 + 70 * chance() ** 3);
  const timeline = new WeightsTimeline();
  const errors = watch(timeline, { delay: (number) => jitter[number] ?? 20 });
  expect(worst(errors)).toBeLessThan(0.04);
  expect(timeline.counts.late).toBe(0);
});

test('one packet in ten lost does not show', () => {
  const chance = random(2);
  const gone = Array.from({ length: 400 }, () => chance() < 0.1);
  const timeline = new WeightsTimeline();
  const errors = watch(timeline, { lost: (number) => gone[number] ?? false });
  expect(worst(errors)).toBeLessThan(ONE_FRAME_OFF);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.01);
  const missing = gone.slice(0, 300).filter(Boolean).length;
  expect(Math.abs(timeline.counts.lost - missing)).toBeLessThanOrEqual(2);
});

test('packets out of order do not come out of order', () => {
  const timeline = new WeightsTimeline();
  const errors = watch(timeline, { delay: (number) => (number % 5 === 0 ? 75 : 20) });
  expect(worst(errors)).toBeLessThan(0.02);
  expect(timeline.counts).toMatchObject({ lost: 0, late: 0 });
});

test('a packet that comes twice or too late changes nothing', () => {
  const timeline = new WeightsTimeline();
  timeline.hold = 50;
  for (const number of [0, 1, 2, 3, 4]) timeline.push(packet(number), number * FRAME + 20);
  const before = timeline.read(4 * FRAME + 60)?.weights[JAW];
  timeline.push(packet(4), 200);
  timeline.push(packet(1), 200);
  expect(timeline.counts.late).toBe(2);
  expect(timeline.read(4 * FRAME + 60)?.weights[JAW]).toBe(before);
});

test.each([300e-6, -300e-6])('clocks that drift apart (%f) do not pull the mouth along', (drift) => {
  const errors = watch(new WeightsTimeline(), { drift, seconds: 120 });
  expect(worst(errors.slice(-600))).toBeLessThan(0.03);
});

test('a sound that waits longer all at once is caught up with smoothly', () => {
  const timeline = new WeightsTimeline();
  let previous: number | null = null;
  for (let now = 0; now < 6000; now += 16) {
    timeline.hold = now < 3000 ? 60 : 180;
    if (Math.floor(now / FRAME) > Math.floor((now - 16) / FRAME)) {
      timeline.push(packet(Math.floor(now / FRAME)), now);
    }
    const jaw = timeline.read(now)?.weights[JAW] ?? 0;
    if (previous !== null && now > 500) expect(Math.abs(jaw - previous)).toBeLessThan(0.07);
    previous = jaw;
  }
  expect(previous).toBeCloseTo(jawAt(5984 - 180), 1);
});

test('the sequence does not stop at its end', () => {
  const timeline = new WeightsTimeline();
  expect(worst(watch(timeline, { first: 65536 - 100 }))).toBeLessThan(0.02);
  expect(timeline.counts).toMatchObject({ lost: 0, late: 0 });
});

test('a new avatar, whose clock begins anew, is followed at once', () => {
  const timeline = new WeightsTimeline();
  timeline.hold = 50;
  for (let number = 0; number < 300; number++) timeline.push(packet(number), number * FRAME);
  timeline.read(10_000);
  timeline.push(packet(0, 2), 10_050);
  timeline.push(packet(1, 2), 10_050 + FRAME);
  timeline.push(packet(2, 2), 10_050 + 2 * FRAME);
  const shown = timeline.read(10_050 + 50 + FRAME);
  expect(shown?.weights[JAW]).toBeCloseTo(jawAt(FRAME), 3);
});

test('when nothing comes any more, the mouth eases shut and the eyes stay open', () => {
  const timeline = new WeightsTimeline();
  for (let number = 0; number <= 15; number++) timeline.push(packet(number), number * FRAME);
  const open = timeline.read(500)?.weights[JAW] ?? 0;
  expect(open).toBeCloseTo(1, 1);
  expect(timeline.read(620)?.weights[JAW]).toBeCloseTo(open);
  const easing = timeline.read(850)?.weights[JAW] ?? 0;
  expect(easing).toBeGreaterThan(0.1);
  expect(easing).toBeLessThan(0.9 * open);
  const shut = timeline.read(2000);
  expect(shut?.weights[JAW]).toBe(0);
  expect(shut?.weights[BLINK]).toBeCloseTo(0.4);
  expect(shut?.pose.yaw).toBe(3);
  expect(shut?.missing).toBeGreaterThan(1000);
});

test('nothing is shown before there is something', () => {
  expect(new WeightsTimeline().read(0)).toBeNull();
});
