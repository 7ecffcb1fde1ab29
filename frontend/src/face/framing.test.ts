import { expect, test } from 'vitest';
import { frameHead, riseOfHead, sizeOfHead } from './framing';

// From avatar_worker/render/camera.py: tall = 2 * 1.15 * tan(fov / 2), and its position and target.
test.each([
  ['a square', 1, 0.374],
  ['a phone', 9 / 16, 0.5333333],
  ['a landscape', 16 / 9, 0.28125],
  ['a tower', 0.25, 0.55],
  ['a strip', 4, 0.27],
])('%s is not framed otherwise than the video is', (_, aspect, tall) => {
  const { position, target, fov } = frameHead([0, 1.6, 0.1], aspect);
  expect(2 * 1.15 * Math.tan((fov * Math.PI) / 360)).toBeCloseTo(tall, 5);
  expect(position).toEqual([0, 1.6 - 0.005, 0.1 + 1.15]);
  expect(target[1]).toBeCloseTo(1.6 - 0.095 * tall, 6);
});

test('a head with much hair is not cut off, and a usual one keeps its size', () => {
  const usual = [0, 0.12, 0, 0.1, 0, 0, -0.1, 0, 0, 0, -0.11, 0];
  expect(sizeOfHead(usual, [0, 0, 0], -0.115)).toBe(1);
  const hair = [...usual, 0, 0.2025, 0];
  expect(sizeOfHead(hair, [0, 0, 0], -0.115)).toBeCloseTo(1.5);
  const { position, target, fov } = frameHead([0, 0, 0], 1, 1.5);
  expect(position[2]).toBeCloseTo(1.5 * 1.15);
  expect(target[1]).toBeCloseTo(-0.095 * 0.374 * 1.5);
  expect(fov).toBeCloseTo(frameHead([0, 0, 0], 1).fov);
});

test('hair that a wide picture would cut off moves the head down, its face as large', () => {
  const rise = riseOfHead([0, 0.13, -0.1, 0, -0.1, 0], [0, 0, 0], 1);
  expect(rise).toBeCloseTo((0.135 / 1.25) * 1.15 - 0.005);
  const [low, usual] = [rise, 0].map((up) => frameHead([0, 0, 0], 16 / 9, 1, up));
  expect(low?.fov).toBe(usual?.fov);
  const tall = 0.5 / (16 / 9);
  expect(low?.target[1]).toBeCloseTo((rise / tall + 0.035 - 0.5) * tall);
  expect(frameHead([0, 0, 0], 1, 1, rise)).toEqual(frameHead([0, 0, 0], 1));
  expect(riseOfHead([0, 0.26, -0.2, 0, -0.2, 0], [0, 0, 0], 2)).toBeCloseTo(rise);
});
