import { expect, test } from 'vitest';
import { wasClosed } from './picker';

const named = (name: string) => Object.assign(new Error(name), { name });

test('a screen that the system forbids to show is not taken for a change of mind', () => {
  expect(wasClosed(named('NotAllowedError'), 2000)).toBe(true);
  expect(wasClosed(named('NotAllowedError'), 20)).toBe(false);
  expect(wasClosed(named('NotReadableError'), 2000)).toBe(false);
});
