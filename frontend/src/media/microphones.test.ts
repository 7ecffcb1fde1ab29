import { EventEmitter } from 'node:events';
import { type Room, RoomEvent } from 'livekit-client';
import { afterEach, expect, test, vi } from 'vitest';
import { chooseMicrophone, watchMicrophones } from './microphones';

const UNNAMED = { kind: 'audioinput', deviceId: '', label: '' };
const DESK = { kind: 'audioinput', deviceId: 'desk', label: 'Desk' };
const HEADSET = { kind: 'audioinput', deviceId: 'headset', label: 'Headset' };

class FakeMedia extends EventTarget {
  devices: object[] = [UNNAMED];
  readonly getUserMedia = vi.fn(() => Promise.reject(new Error('denied')));
  enumerateDevices() {
    return Promise.resolve(this.devices);
  }
}

function setUp() {
  const media = new FakeMedia();
  vi.stubGlobal('navigator', { mediaDevices: media, userAgent: '' });
  const room = new EventEmitter();
  const told: string[][] = [];
  const stop = watchMicrophones(room as unknown as Room, (found) => {
    told.push(found.map(({ deviceId }) => deviceId));
  });
  return { media, room, told, stop };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a list of microphones does not turn one on, nor ask to', async () => {
  const { media, told } = setUp();
  await settle();
  media.dispatchEvent(new Event('devicechange'));
  await settle();
  expect(told).toEqual([[], []]);
  expect(media.getUserMedia).not.toHaveBeenCalled();
});

test('microphones do not stay unnamed once one is allowed, nor unseen when plugged in', async () => {
  const { media, room, told, stop } = setUp();
  await settle();
  media.devices = [DESK];
  room.emit(RoomEvent.LocalTrackPublished);
  await settle();
  media.devices = [DESK, HEADSET];
  media.dispatchEvent(new Event('devicechange'));
  await settle();
  stop();
  media.dispatchEvent(new Event('devicechange'));
  room.emit(RoomEvent.LocalTrackPublished);
  await settle();
  expect(told).toEqual([[], ['desk'], ['desk', 'headset']]);
});

test('a page that is not secure does not break for want of media devices', () => {
  vi.stubGlobal('navigator', {});
  const tell = vi.fn();
  watchMicrophones(new EventEmitter() as unknown as Room, tell)();
  expect(tell).not.toHaveBeenCalled();
});

test.each([
  ['another microphone is opened where the first was busy', true, undefined, true],
  ['a microphone that is chosen while it is off does not go on', false, undefined, false],
  ['a microphone that is open already is not opened twice', true, {}, false],
])('%s', async (_, opens, published, opened) => {
  const done: unknown[] = [];
  const room = {
    switchActiveDevice: (...chosen: unknown[]) => Promise.resolve(done.push(chosen)),
    localParticipant: {
      getTrackPublication: () => published,
      setMicrophoneEnabled: (on: boolean) => Promise.resolve(done.push(on)),
    },
  };
  await chooseMicrophone(room as unknown as Room, 'desk', opens);
  expect(done).toEqual([['audioinput', 'desk'], ...(opened ? [true] : [])]);
});
