import { afterEach, expect, test, vi } from 'vitest';
import { moveFocus } from './focus';

afterEach(() => {
  vi.unstubAllGlobals();
});

function focusesWhere(is: { framed: boolean; focused: boolean }): number {
  const page = {};
  vi.stubGlobal('window', Object.assign(page, { parent: is.framed ? {} : page }));
  vi.stubGlobal('document', { hasFocus: () => is.focused });
  const focus = vi.fn();
  moveFocus({ focus }, { preventScroll: true });
  return focus.mock.calls.length;
}

test('a page in a frame does not take the focus from the site around it', () => {
  expect(focusesWhere({ framed: true, focused: false })).toBe(0);
  expect(focusesWhere({ framed: true, focused: true })).toBe(1);
});

test('a page whose window is in the background does not lose the focus', () => {
  expect(focusesWhere({ framed: false, focused: false })).toBe(1);
});
