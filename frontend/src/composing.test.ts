import { expect, test } from 'vitest';
import { isComposing, isTyping } from './composing';

test('the key that confirms a Japanese word does not send the message, nor interrupt', () => {
  expect(isComposing({ isComposing: true, keyCode: 229 })).toBe(true);
  const safari = { isComposing: false, keyCode: 229 };
  expect(isComposing(safari)).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});

test('the focus is not taken from somebody who types', () => {
  expect(isTyping({ tagName: 'TEXTAREA' })).toBe(true);
  expect(isTyping({ tagName: 'MAIN' })).toBe(false);
  expect(isTyping(null)).toBe(false);
});
