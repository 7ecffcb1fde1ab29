import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forgetSeat, recallSeat, rememberSeat, type Seat } from './seat';

const SEAT: Seat = {
  room: 'room-1',
  identity: 'guest-1',
  muted: true,
  lines: [{ id: 'a', who: 'you', how: 'spoken', text: 'Hello', state: 'done' }],
};

let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a reload finds its place, what was said and a microphone that was off', () => {
  expect(recallSeat()).toBeNull();
  rememberSeat(SEAT);
  expect(recallSeat()).toEqual(SEAT);
});

test('after hanging up there is no place to come back to', () => {
  rememberSeat(SEAT);
  forgetSeat();
  expect(recallSeat()).toBeNull();
});

test.each(['no JSON', '1', '{"room": 1}', '{"room": "r"}'])(
  'a place that cannot be read (%s) does not break the page',
  (text) => {
    kept.set('visavis.seat', text);
    expect(recallSeat()).toBeNull();
  },
);

test('a line that cannot be read does not cost the others', () => {
  kept.set('visavis.seat', JSON.stringify({ ...SEAT, lines: [null, { id: 1 }, ...SEAT.lines] }));
  expect(recallSeat()).toEqual(SEAT);
});

test('a browser that keeps nothing does not break the page', () => {
  vi.stubGlobal('sessionStorage', undefined);
  rememberSeat(SEAT);
  forgetSeat();
  expect(recallSeat()).toBeNull();
});
