import { afterEach, expect, test, vi } from 'vitest';
import { moveFocus } from './focus';

afterEach(() => {
  vi.unstubAllGlobals();
});

function focusesWhere(pageHasFocus: boolean): number {
  vi.stubGlobal('document', { hasFocus: () => pageHasFocus });
  const focus = vi.fn();
  moveFocus({ focus }, { preventScroll: true });
  return focus.mock.calls.length;
}

test('a page in a frame does not take the focus from the site around it', () => {
  expect(focusesWhere(false)).toBe(0);
  expect(focusesWhere(true)).toBe(1);
});
