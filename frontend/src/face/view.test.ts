import { expect, test } from 'vitest';
import { nextView, type ViewEvent, type ViewState } from './view';

const VIDEO: ViewState = { view: 'video', problem: null };
const after = (...events: ViewEvent[]) => events.reduce(nextView, VIDEO);

test('the video does not go before the drawing is there, nor the drawing before the video', () => {
  expect(after({ event: 'chosen' }).view).toBe('loading');
  expect(after({ event: 'chosen' }, { event: 'ready' }).view).toBe('drawn');
  const back = after({ event: 'chosen' }, { event: 'ready' }, { event: 'unchosen' });
  expect(back.view).toBe('leaving');
  expect(nextView(back, { event: 'video' }).view).toBe('video');
  expect(nextView(back, { event: 'chosen' }).view).toBe('drawn');
});

test('another face does not leave the stage empty until it is loaded', () => {
  const lost = after({ event: 'chosen' }, { event: 'ready' }, { event: 'lost' });
  expect(lost.view).toBe('loading');
  expect(nextView(lost, { event: 'ready' }).view).toBe('drawn');
  const leaving = after({ event: 'chosen' }, { event: 'ready' }, { event: 'unchosen' });
  expect(nextView(leaving, { event: 'lost' }).view).toBe('video');
  expect(after({ event: 'lost' })).toEqual(VIDEO);
});

test('a drawing that fails does not leave a black picture, and says why once', () => {
  const early = after({ event: 'chosen' }, { event: 'failed', problem: 'webgl' });
  expect(early).toEqual({ view: 'video', problem: 'webgl' });
  const late = after(
    { event: 'chosen' },
    { event: 'ready' },
    { event: 'failed', problem: 'silent' },
  );
  expect(late).toEqual({ view: 'leaving', problem: 'silent' });
  expect(nextView(early, { event: 'chosen' }).problem).toBeNull();
  expect(nextView(early, { event: 'dismissed' })).toEqual(VIDEO);
});

test('what comes late changes nothing', () => {
  expect(after({ event: 'ready' })).toEqual(VIDEO);
  expect(after({ event: 'video' })).toEqual(VIDEO);
  expect(after({ event: 'failed', problem: 'head' })).toEqual(VIDEO);
  const drawn = after({ event: 'chosen' }, { event: 'ready' });
  expect(nextView(drawn, { event: 'video' })).toEqual(drawn);
  expect(nextView(drawn, { event: 'ready' })).toEqual(drawn);
});
