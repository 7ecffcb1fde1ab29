import { expect, test } from 'vitest';
import { heldBack } from './playback';

test('a face that cannot be seen is not without a button, nor is sound', () => {
  expect(heldBack({ sound: true, picture: false }, true)).toBe('picture');
  expect(heldBack({ sound: false, picture: false }, true)).toBe('sound');
  expect(heldBack({ sound: true, picture: true }, true)).toBeNull();
});

test('a face is not offered where there is no picture to start', () => {
  expect(heldBack({ sound: true, picture: false }, false)).toBeNull();
  expect(heldBack({ sound: false, picture: false }, false)).toBe('sound');
});
