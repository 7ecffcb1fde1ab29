import { expect, test } from 'vitest';
import { parseBackground } from '../face/background';
import { BACKGROUNDS, parseDrawable, parseHeads, titleOf } from './appearance';

test('an index that cannot be read does not break the page', () => {
  expect(parseHeads({ heads: ['amy', 3, 'ben'] })).toEqual(['amy', 'ben']);
  for (const odd of [null, undefined, 'amy', [], {}, { heads: 'amy' }]) {
    expect(parseHeads(odd)).toEqual([]);
  }
});

test('a head that a plug-in draws is not drawn by the page', () => {
  expect(parseDrawable({ heads: ['amy'], drawable: false })).toBe(false);
  for (const ours of [{ heads: ['amy'] }, null, undefined, []]) {
    expect(parseDrawable(ours)).toBe(true);
  }
});

test('no background is offered that the page cannot draw itself', () => {
  for (const { value } of BACKGROUNDS) {
    const { colour, bottom } = parseBackground(value);
    expect(bottom === null ? colour : `${colour}..${bottom}`).toBe(value);
  }
});

test('names are read as names', () => {
  expect(titleOf('amy')).toBe('Amy');
  expect(titleOf('')).toBe('');
});
