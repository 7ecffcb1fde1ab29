import { expect, test } from 'vitest';
import { LOOK_EVERY, Silence } from './silence';

/** Looks through the milliseconds `from` to `to`; what was to be done, without the waiting. */
function look(silence: Silence, from: number, to: number, connected = true): string[] {
  const found: string[] = [];
  for (let now = from; now <= to; now += LOOK_EVERY) {
    const what = silence.look(now, connected);
    if (what !== 'wait') found.push(what);
  }
  return found;
}

test('an avatar that does not send is asked again before it is given up', () => {
  const silence = new Silence(0);
  expect(look(silence, 1000, 9000)).toEqual(['ask', 'ask', 'give up']);
});

test('nobody is asked while weights come', () => {
  const silence = new Silence(0);
  for (let now = 1000; now <= 20_000; now += 1000) {
    silence.hear(now);
    expect(silence.look(now, true)).toBe('wait');
  }
});

test('a network that is gone for a while does not end the drawing', () => {
  const silence = new Silence(0);
  expect(look(silence, 1000, 25_000, false)).toEqual([]);
  expect(look(silence, 26_000, 30_000)).toEqual(['ask']);
});

test('a laptop that slept does not blame the avatar', () => {
  const silence = new Silence(0);
  expect(look(silence, 1000, 2000)).toEqual([]);
  expect(look(silence, 600_000, 604_000)).toEqual(['ask']);
});
