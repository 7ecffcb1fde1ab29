import { expect, test } from 'vitest';
import { fall, loudness } from './level';

test('silence does not move the meter, and loudness does not overflow it', () => {
  expect(loudness(new Float32Array(512))).toBe(0);
  expect(loudness(new Float32Array(0))).toBe(0);
  expect(loudness(new Float32Array(512).fill(1))).toBe(1);
});

test('louder is higher', () => {
  const quiet = loudness(new Float32Array(512).fill(0.01));
  const loud = loudness(new Float32Array(512).fill(0.1));
  expect(quiet).toBeGreaterThan(0.2);
  expect(loud).toBeGreaterThan(quiet + 0.3);
});

test('the meter rises at once and falls slowly', () => {
  expect(fall(0, 0.8, 0.04)).toBe(0.8);
  expect(fall(0.8, 0, 0.04)).toBeCloseTo(0.7);
});
