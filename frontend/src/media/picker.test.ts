import { expect, test } from 'vitest';
import { wasClosed } from './picker';

const named = (name: string, message = 'Permission denied') =>
  Object.assign(new Error(message), { name });

test('a screen that may not be shown is not taken for a change of mind', () => {
  expect(wasClosed(named('NotAllowedError'), 2000)).toBe(true);
  expect(wasClosed(named('NotAllowedError'), 20)).toBe(false);
  expect(wasClosed(named('NotReadableError'), 2000)).toBe(false);
});

test('a system that refuses after the choice of a screen is not taken for a change of mind', () => {
  expect(wasClosed(named('NotAllowedError', 'Permission denied by system'), 2000)).toBe(false);
});
