import { expect, test } from 'vitest';
import { parseBackground, USUAL_BACKGROUND } from './background';

test('a colour and a gradient are not taken for each other', () => {
  expect(parseBackground('#0A0B0C')).toEqual({ colour: '#0a0b0c', bottom: null });
  expect(parseBackground('#ffffff..#000000')).toEqual({ colour: '#ffffff', bottom: '#000000' });
});

test.each([undefined, '', 'beach.jpg', 'https://example.org/a.png', '#fff', '#12345g'])(
  'what cannot be drawn (%s) does not leave a hole',
  (text) => {
    expect(parseBackground(text)).toEqual({ colour: USUAL_BACKGROUND, bottom: null });
  },
);
