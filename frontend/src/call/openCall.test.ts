import { EventEmitter } from 'node:events';
import { RoomEvent, Track } from 'livekit-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forgetDraft, recallDraft, rememberDraft } from '../conversation/draft';
import { TOPIC_TRANSCRIPTION } from '../protocol';
import { type Call, openCall } from './openCall';
import { HANG_UP, recallSeat, type Seat } from './seat';

type Handler = (reader: unknown, participant: { identity: string }) => void;

class FakeRoom extends EventEmitter {
  readonly name = 'room-1';
  readonly handlers = new Map<string, Handler>();
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
  registerTextStreamHandler(topic: string, handler: Handler) {
    this.handlers.set(topic, handler);
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
/** The gateway's. */
const ANSWER = { token: 't', ttl: 60, server_url: 'ws://l', participant_token: 'p' };

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(ANSWER)));
});

afterEach(() => {
  vi.unstubAllGlobals();
  forgetDraft();
});

async function enter(controller = new AbortController(), seat: Seat | null = null) {
  const call: Call = await openCall({
    signal: controller.signal,
    seat,
    onlyBack: false,
    onStep: () => undefined,
    onClosed: () => undefined,
  });
  await call.microphone;
  const room = call.room as unknown as FakeRoom;
  const hear = async (text: string) => {
    async function* read() {
      yield await Promise.resolve(text);
    }
    const reader = Object.assign(read(), { info: { id: text } });
    room.handlers.get(TOPIC_TRANSCRIPTION)?.(reader, { identity: 'agent' });
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const happen = (event: string, publication: { source: Track.Source; isMuted: boolean }) => {
    room.emit(event, publication, room.localParticipant);
  };
  return { room, hear, happen };
}

/** Whether a page that is loaded now leaves the microphone off. */
function staysMuted(): boolean | undefined {
  window.dispatchEvent(new Event('pagehide'));
  return recallSeat()?.muted;
}

test('a page that is not secure does not lack names for what it sends', async () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
  await enter();
  const ids = [crypto.randomUUID(), crypto.randomUUID()];
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(ids[0]).not.toBe(ids[1]);
});

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

test('a lost connection does not cost what was said, when one tries again', async () => {
  const { room, hear } = await enter();
  await hear('Hello.');
  room.emit(RoomEvent.Disconnected);
  expect(recallSeat()?.lines).toMatchObject([{ text: 'Hello.', state: 'done' }]);
});

test('trying again where the agent is gone does not cost what was said', async () => {
  const controller = new AbortController();
  const { room, hear } = await enter(controller);
  await hear('Hello.');
  controller.abort();
  expect(recallSeat()?.lines).toMatchObject([{ text: 'Hello.' }]);
  await hear('Is somebody there?');
  room.emit(RoomEvent.Disconnected);
  expect(recallSeat()?.lines).toHaveLength(1); // The next call keeps the seat.
});

test('who has hung up does not find the place again', async () => {
  const controller = new AbortController();
  const { room } = await enter(controller);
  controller.abort(HANG_UP);
  room.emit(RoomEvent.Disconnected);
  expect(recallSeat()).toBeNull();
});

test('who begins after a conversation that is over does not find what was being typed', async () => {
  const seat = { room: 'room-1', identity: 'me', muted: false, lines: [] };
  rememberDraft('My number is');
  await enter(undefined, seat);
  expect(recallDraft()).toBe('My number is'); // The seat was there still.
  vi.stubGlobal('fetch', (_: string, { headers }: { headers: Record<string, string> }) => {
    const over = 'If-Match' in headers;
    return Promise.resolve(over ? new Response('', { status: 412 }) : Response.json(ANSWER));
  });
  await enter(undefined, seat);
  expect(recallDraft()).toBe('');
});
