import { expect, test } from 'vitest';
import { Sharpness } from './sharpness';

function run(gap: number, pictures: number): number {
  const sharpness = new Sharpness();
  for (let k = 0; k < pictures; k++) sharpness.note(k * gap);
  return sharpness.value;
}

test('a device that keeps up does not get fewer pixels', () => {
  expect(run(16, 500)).toBe(1);
  expect(run(33, 500)).toBe(1);
});

test('a slow device gets fewer, and never too few', () => {
  expect(run(60, 35)).toBe(0.75);
  expect(run(60, 5000)).toBe(0.5);
});

test('a page that was hidden is not taken for a slow one', () => {
  const sharpness = new Sharpness();
  for (let k = 0; k < 200; k++) sharpness.note(k * 5000);
  expect(sharpness.value).toBe(1);
});
