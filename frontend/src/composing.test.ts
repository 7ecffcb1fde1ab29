import { expect, test } from 'vitest';
import { isComposing } from './composing';

test('the key that confirms a Japanese word does not send the message, nor interrupt', () => {
  expect(isComposing({ isComposing: true, keyCode: 229 })).toBe(true);
  const safari = { isComposing: false, keyCode: 229 };
  expect(isComposing(safari)).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});
