import { expect, test } from 'vitest';
import { ARKIT_NAMES, type ArkitName } from '../protocol';
import { findMaterial, isInMouth, mouthLight } from './materials';

const weights = (given: Partial<Record<ArkitName, number>>) =>
  ARKIT_NAMES.map((name) => given[name] ?? 0);

test('a shut mouth does not glow from within', () => {
  expect(mouthLight(weights({}))).toBe(0);
  expect(mouthLight(weights({ jawOpen: 0.3, mouthClose: 0.35 }))).toBe(0);
  expect(mouthLight(weights({ jawOpen: 0.2 }))).toBeGreaterThan(0.15);
  expect(mouthLight(weights({ jawOpen: 0.2 }))).toBeLessThan(1);
  expect(mouthLight(weights({ jawOpen: 1 }))).toBe(1);
});

test('a mesh of another make is not left without a material', () => {
  expect(findMaterial('Skin').gloss).toBe(16);
  expect(findMaterial('helmet').gloss).toBe(8);
  expect(isInMouth('Teeth')).toBe(true);
  expect(isInMouth('skin')).toBe(false);
});
