import { expect, test } from 'vitest';
import { Playout } from './playout';

test('the wait is that of the last moments, not of the whole call', () => {
  const playout = new Playout();
  expect(playout.hold()).toBeNull();
  playout.update({ jitterBufferDelay: 0, jitterBufferEmittedCount: 0 });
  expect(playout.hold()).toBeNull();
  playout.update({ jitterBufferDelay: 48_000 * 0.2, jitterBufferEmittedCount: 48_000 });
  expect(playout.hold()).toBeCloseTo(231.5);
  playout.update({ jitterBufferDelay: 48_000 * 0.26, jitterBufferEmittedCount: 96_000 });
  expect(playout.hold()).toBeCloseTo(91.5);
});

test('nothing emitted, or counts that begin anew, do not spoil it', () => {
  const playout = new Playout();
  playout.update({ jitterBufferDelay: 0, jitterBufferEmittedCount: 0 });
  playout.update({ jitterBufferDelay: 2400, jitterBufferEmittedCount: 48_000 });
  playout.update({ jitterBufferDelay: 2400, jitterBufferEmittedCount: 48_000 });
  playout.update({ jitterBufferDelay: 3, jitterBufferEmittedCount: 100 });
  expect(playout.hold()).toBeCloseTo(81.5);
});

test('a sound card counts, a wrong latency does not', () => {
  const playout = new Playout();
  playout.update({ jitterBufferDelay: 0, jitterBufferEmittedCount: 0 });
  playout.update({ jitterBufferDelay: 2400, jitterBufferEmittedCount: 48_000 });
  expect(playout.hold(0.03)).toBeCloseTo(111.5);
  expect(playout.hold(9)).toBeCloseTo(81.5);
  expect(playout.hold(Number.NaN)).toBeCloseTo(81.5);
});
