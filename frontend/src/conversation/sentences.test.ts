import { expect, test } from 'vitest';
import { finishedSentences, words } from './sentences';

test('a screen reader is not given half a sentence', () => {
  expect(finishedSentences('Hi there. How are', false)).toEqual(['Hi there.']);
  expect(finishedSentences('Hi there. How are you?', true)).toEqual(['Hi there.', 'How are you?']);
  expect(finishedSentences('', true)).toEqual([]);
});

test('captions lose no space and no word', () => {
  const text = 'One,  two\nthree. ';
  expect(words(text).join('')).toBe(text.trimEnd());
  expect(words('  ')).toEqual([]);
});
