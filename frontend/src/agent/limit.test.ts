import { expect, test } from 'vitest';
import { parseLimit, remaining } from './limit';

test('what ends the session is read, and by which clock the agent goes left out', () => {
  const attribute = '{"limit": "idle", "ends_at": 1790000000.5, "seconds_left": 30.0}';
  expect(parseLimit(attribute)).toEqual({ name: 'idle', secondsLeft: 30 });
});

test.each([
  undefined,
  '',
  '[]',
  '{"limit": "moon", "seconds_left": 3}',
  '{"limit": "idle", "seconds_left": "3"}',
  '{"limit": "idle", "seconds_left": 1e999}',
])('a limit that cannot be read (%s) is not shown', (attribute) => {
  expect(parseLimit(attribute)).toBeNull();
});

test('the seconds that remain do not rise, and do not fall below nothing', () => {
  const limit = { name: 'duration', secondsLeft: 6.2 } as const;
  const seen = [0, 199, 201, 1200, 6199, 6201, 60_000].map((ms) => remaining(limit, 500, 500 + ms));
  expect(seen).toEqual([7, 7, 6, 5, 1, 0, 0]);
});
