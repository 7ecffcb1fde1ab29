import { expect, test } from 'vitest';
import { LANGUAGES, nameOfLanguage, parseTalk } from './talk';

test('what is in force is read, and what the page does not need left out', () => {
  const attribute =
    '{"voice": "amy", "speed": 1.25, "language": "de", "mode": "retelling", "own_instructions": true}';
  expect(parseTalk(attribute)).toEqual({ speed: 1.25, language: 'de', mode: 'retelling' });
});

test.each([undefined, '', '[]', '{"speed": "1"}', '{"speed": 1, "language": "en", "mode": "song"}'])(
  'settings that cannot be read (%s) do not break the page',
  (attribute) => {
    expect(parseTalk(attribute)).toBeNull();
  },
);

test('no language is offered as a mere code', () => {
  expect(new Set(LANGUAGES).size).toBe(18);
  for (const code of LANGUAGES) expect(nameOfLanguage(code)).not.toBe(code);
  expect(nameOfLanguage('de')).toBe('Deutsch');
  expect(nameOfLanguage('no tag')).toBe('no tag');
});
