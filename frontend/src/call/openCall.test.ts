import { EventEmitter } from 'node:events';
import { RoomEvent, Track } from 'livekit-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Call, openCall } from './openCall';
import { recallSeat } from './seat';

class FakeRoom extends EventEmitter {
  readonly name = 'room-1';
  readonly remoteParticipants = new Map();
  readonly localParticipant = {
    identity: 'me',
    isLocal: true,
    trackPublications: new Map(),
    createTracks: () => Promise.resolve([{ stop: () => undefined }]),
    publishTrack: () => {
      this.emit(RoomEvent.LocalTrackPublished, MICROPHONE, this.localParticipant);
      return Promise.resolve();
    },
  };
  registerTextStreamHandler() {
    return undefined;
  }
  registerRpcMethod() {
    return undefined;
  }
  connect() {
    return Promise.resolve();
  }
  disconnect() {
    return Promise.resolve();
  }
}

vi.mock('livekit-client', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  get Room() {
    return FakeRoom;
  },
}));

const MICROPHONE = { source: Track.Source.Microphone, isMuted: false };
const CAMERA = { source: Track.Source.Camera, isMuted: false };

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
  const answer = { token: 't', ttl: 60, server_url: 'ws://l', participant_token: 'p' };
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(answer)));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function enter() {
  const call: Call = await openCall({
    signal: new AbortController().signal,
    seat: null,
    onlyBack: false,
    onStep: () => undefined,
    onClosed: () => undefined,
  });
  await call.microphone;
  const room = call.room as unknown as FakeRoom;
  const happen = (event: string, publication: { source: Track.Source; isMuted: boolean }) => {
    room.emit(event, publication, room.localParticipant);
  };
  return { happen };
}

/** Whether a page that is loaded now leaves the microphone off. */
function staysMuted(): boolean | undefined {
  window.dispatchEvent(new Event('pagehide'));
  return recallSeat()?.muted;
}

test('what the camera does, does not put a microphone that was off on after a reload', async () => {
  const { happen } = await enter();
  expect(staysMuted()).toBe(false);
  happen(RoomEvent.TrackMuted, { ...MICROPHONE, isMuted: true });
  expect(staysMuted()).toBe(true);
  happen(RoomEvent.LocalTrackPublished, CAMERA);
  happen(RoomEvent.TrackUnmuted, CAMERA);
  expect(staysMuted()).toBe(true);
  happen(RoomEvent.TrackUnmuted, MICROPHONE);
  happen(RoomEvent.TrackMuted, { ...CAMERA, isMuted: true });
  expect(staysMuted()).toBe(false);
});

test('a muted microphone that is published anew is not on after a reload', async () => {
  const { happen } = await enter();
  const muted = { ...MICROPHONE, isMuted: true };
  happen(RoomEvent.TrackMuted, muted);
  happen(RoomEvent.LocalTrackPublished, muted);
  expect(staysMuted()).toBe(true);
});
