import { expect, test } from 'vitest';
import { asksFor, NO_BASIS, parseBasis } from './sources';

const SOURCE = { title: 'Handbook', where: 'handbook.pdf', heading: 'Leave' };

test.each(['', 'null', '[]', '{"sources": 3}', '{"sources": [{"title": 1}, null]}'])(
  'sources that cannot be read (%s) do not break the page',
  (text) => {
    expect(parseBasis(text)).toEqual(NO_BASIS);
  },
);

test('several passages of one place are not listed twice', () => {
  const passage = { ...SOURCE, score: 0.7, text: 'Thirty days.' };
  const elsewhere = { ...passage, heading: 'Travel' };
  expect(
    parseBasis(JSON.stringify({ question: '?', sources: [passage, passage, elsewhere] })).sources,
  ).toEqual([SOURCE, { ...SOURCE, heading: 'Travel' }]);
});

test('a question is not taken for another one, for how it is written', () => {
  const basis = { ...NO_BASIS, question: 'The lamp. How fast does it turn?' };
  expect(asksFor(basis, 'how fast does it turn')).toBe(true);
  expect(asksFor(basis, 'The lamp')).toBe(true);
  expect(asksFor(basis, 'How fast does it turn now?')).toBe(false);
  expect(asksFor(basis, 'amp')).toBe(false);
  expect(asksFor(NO_BASIS, 'What?')).toBe(false);
});
