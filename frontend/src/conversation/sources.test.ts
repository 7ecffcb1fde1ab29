import { expect, test } from 'vitest';
import { parseSources } from './sources';

const SOURCE = { title: 'Handbook', where: 'handbook.pdf', heading: 'Leave' };

test.each(['', 'null', '[]', '{"sources": 3}', '{"sources": [{"title": 1}, null]}'])(
  'sources that cannot be read (%s) do not break the page',
  (text) => {
    expect(parseSources(text)).toEqual([]);
  },
);

test('several passages of one place are not listed twice', () => {
  const passage = { ...SOURCE, score: 0.7, text: 'Thirty days.' };
  const elsewhere = { ...passage, heading: 'Travel' };
  expect(
    parseSources(JSON.stringify({ question: '?', sources: [passage, passage, elsewhere] })),
  ).toEqual([SOURCE, { ...SOURCE, heading: 'Travel' }]);
});
