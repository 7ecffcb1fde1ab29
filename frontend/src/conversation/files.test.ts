import { expect, test } from 'vitest';
import { describeFate, isFate, parseFileNews, UNKNOWN_FATE } from './files';

test('what became of a file is read', () => {
  expect(parseFileNews('{"id": "s", "name": "a.png", "kind": "picture", "error": null}')).toEqual({
    id: 's',
    kind: 'picture',
    error: null,
  });
});

test.each(['', 'null', '{}', '{"id": 3}', '{"id": "s", "kind": "song"}', '{"id": "s", "error": 1}'])(
  'news that cannot be read (%s) does not break the page',
  (text) => {
    expect(parseFileNews(text)).toBeNull();
  },
);

test('a refused file is not told as taken', () => {
  expect(describeFate({ kind: 'picture', error: 'it is broken.' }, false)).toContain('broken');
  expect(describeFate(UNKNOWN_FATE, false)).not.toBe(describeFate(UNKNOWN_FATE, true));
  expect(isFate({ kind: 'song', error: null })).toBe(false);
});
