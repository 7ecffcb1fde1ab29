import { expect, test } from 'vitest';
import { faceStateOf, partsInUse } from './info';

test('parts are named, in order, and only those that are known', () => {
  const parts = partsInUse(
    { 'visavis.brains': '{"stt": "moonshine", "llm": "smollm2", "tts": "", "vad": "silero"}' },
    { 'visavis.head': 'amy' },
  );
  expect(parts).toEqual([
    { label: 'Hearing', value: 'moonshine' },
    { label: 'Thinking', value: 'smollm2' },
    { label: 'vad', value: 'silero' },
    { label: 'Head', value: 'amy' },
  ]);
});

test.each(['', 'no JSON', 'null', '[1]', '{"stt": 3}'])(
  'an attribute that cannot be read (%s) does not break the page',
  (brains) => {
    expect(partsInUse({ 'visavis.brains': brains }, undefined)).toEqual([]);
  },
);

test('an unknown face state is not taken for one that is known', () => {
  expect(faceStateOf({ 'visavis.face': 'absent' })).toBe('absent');
  expect(faceStateOf({ 'visavis.face': 'sleeping' })).toBeNull();
  expect(faceStateOf(undefined)).toBeNull();
});
