import type { Room } from 'livekit-client';
import { expect, test } from 'vitest';
import { TOPIC_CHAT, TOPIC_FILE, TOPIC_SOURCES, TOPIC_TRANSCRIPTION } from '../protocol';
import { Conversation } from './Conversation';
import { captionOf, type Line, toldOf } from './lines';

type Handler = (reader: unknown, participant: { identity: string }) => void;

class FakeRoom {
  readonly handlers = new Map<string, Handler>();
  readonly sent: [string, string][] = [];
  online = true;
  private readonly listeners = new Map<string, (participant?: { identity: string }) => void>();
  readonly agent = { isAgent: true, attributes: {} };
  readonly remoteParticipants = new Map([['agent', this.agent]]);
  readonly localParticipant = {
    identity: 'me',
    sendFile: (file: File) => {
      if (!this.online) return Promise.reject(new Error('offline'));
      return Promise.resolve({ id: `stream of ${file.name}` });
    },
    sendText: (text: string, { topic }: { topic: string }) => {
      if (!this.online) return Promise.reject(new Error('offline'));
      this.sent.push([topic, text]);
      return Promise.resolve();
    },
  };
  registerTextStreamHandler(topic: string, handler: Handler) {
    this.handlers.set(topic, handler);
  }
  on(event: string, listener: () => void) {
    this.listeners.set(event, listener);
  }
  disconnect() {
    this.listeners.get('disconnected')?.();
  }
  lose(identity: string) {
    this.remoteParticipants.delete(identity);
    this.listeners.get('participantDisconnected')?.({ identity });
  }
}

function setUp() {
  const room = new FakeRoom();
  const conversation = new Conversation(room as unknown as Room);
  const hear = async (from: string, id: string, chunks: string[], final: boolean, breaks = false) => {
    async function* read() {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
      if (breaks) throw new Error('the sender has left');
    }
    const attributes = { 'lk.segment_id': id, 'lk.transcription_final': String(final) };
    const reader = Object.assign(read(), { info: { id: 'stream', attributes } });
    room.handlers.get(TOPIC_TRANSCRIPTION)?.(reader, { identity: from });
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const answerFrom = async (from: string, title: string, question = 'Why?') => {
    const sources = [{ title, where: 'a.pdf', heading: '' }];
    const readAll = () => Promise.resolve(JSON.stringify({ question, sources }));
    room.handlers.get(TOPIC_SOURCES)?.({ readAll }, { identity: from });
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const answerFile = async (id: string, fate: object) => {
    const readAll = () => Promise.resolve(JSON.stringify({ id, ...fate }));
    room.handlers.get(TOPIC_FILE)?.({ readAll }, { identity: 'agent' });
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { room, conversation, hear, answerFrom, answerFile };
}

const texts = (lines: readonly Line[]) => lines.map(({ who, text }) => `${who}: ${text}`);

test('guesses at what the user says do not pile up', async () => {
  const { conversation, hear } = setUp();
  await hear('me', 'u1', ['Why'], false);
  await hear('me', 'u1', ['Why is the'], false);
  expect(conversation.read()[0]?.state).toBe('open');
  await hear('me', 'u1', ['Why is the sky blue?'], true);
  expect(texts(conversation.read())).toEqual(['you: Why is the sky blue?']);
  expect(conversation.read()[0]?.state).toBe('done');
});

test('what the agent says grows in one line', async () => {
  const { conversation, hear } = setUp();
  const seen: string[] = [];
  conversation.subscribe(() => seen.push(conversation.read().at(-1)?.text ?? ''));
  await hear('agent', 'a1', ['Hi, ', 'I am ', 'Amy.'], true);
  expect(new Set(seen)).toEqual(new Set(['Hi, ', 'Hi, I am ', 'Hi, I am Amy.']));
  expect(conversation.read()).toHaveLength(1);
});

test('a change of language does not change the language of what was said before', async () => {
  const { room, conversation, hear } = setUp();
  const speak = (language: string) => {
    const talk = { speed: 1, language, mode: 'dialogue' };
    room.agent.attributes = { 'visavis.settings': JSON.stringify(talk) };
  };
  speak('ar');
  await hear('agent', 'a1', ['مرحبا.'], true);
  speak('de');
  await hear('me', 'u1', ['Hi.'], true);
  await hear('agent', 'a2', ['Hallo.'], true);
  expect(conversation.read().map(({ language }) => language)).toEqual(['ar', undefined, 'de']);
});

test('an agent that dies in mid-sentence leaves what it said', async () => {
  const { conversation, hear } = setUp();
  await hear('agent', 'a1', ['The sky ', 'is '], false, true);
  expect(texts(conversation.read())).toEqual(['agent: The sky is ']);
  expect(conversation.read()[0]?.state).toBe('done');
});

test('a lost connection does not erase the history', async () => {
  const { room, conversation, hear } = setUp();
  await hear('me', 'u1', ['Hel'], false);
  room.disconnect();
  expect(conversation.read()).toMatchObject([{ text: 'Hel', state: 'done' }]);
});

test('a stream without words makes no empty line', async () => {
  const { conversation, hear } = setUp();
  await hear('agent', 'a1', [], true);
  await hear('agent', 'a2', [' '], true);
  expect(conversation.read()).toEqual([]);
});

test('typed text that never arrived is not shown as sent', async () => {
  const { room, conversation } = setUp();
  room.online = false;
  await conversation.send('hello');
  const [line] = conversation.read();
  expect(line?.state).toBe('failed');
  room.online = true;
  await conversation.send('hello', line?.id);
  expect(conversation.read()).toMatchObject([{ text: 'hello', state: 'done', how: 'typed' }]);
  expect(room.sent).toEqual([[TOPIC_CHAT, 'hello']]);
});

test('typing does not leave the old answer standing as the caption', async () => {
  const { conversation, hear } = setUp();
  await hear('agent', 'a1', ['Hi.'], true);
  expect(captionOf(conversation.read())?.text).toBe('Hi.');
  await conversation.send('hello');
  expect(captionOf(conversation.read())).toBeNull();
});

test('what is typed or given meanwhile does not end the captions of what the agent still says', async () => {
  const { conversation, room, hear } = setUp();
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  async function* read() {
    yield 'Once upon ';
    await held;
    yield 'a time.';
  }
  const reader = Object.assign(read(), { info: { id: 'a1' } });
  room.handlers.get(TOPIC_TRANSCRIPTION)?.(reader, { identity: 'agent' });
  await hear('me', 'u1', ['Hm.'], true);
  await conversation.send('Say this next.');
  await conversation.sendFile(new File(['x'], 'cat.png'), 'agent');
  expect(captionOf(conversation.read())?.text).toBe('Once upon ');
  goOn();
  await hear('me', 'u1', ['Hm.'], true);
  expect(captionOf(conversation.read())).toBeNull();
});

test('a sentence that ends behind something typed is not kept from a screen reader', async () => {
  const { conversation, hear } = setUp();
  await hear('agent', 'a1', ['Hi.'], true);
  await conversation.send('hello');
  expect(toldOf(conversation.read())?.text).toBe('Hi.');
  await hear('me', 'u1', ['Hello'], false);
  expect(toldOf(conversation.read())?.who).toBe('you');
});

const sourcesOf = (lines: readonly Line[]) =>
  lines.map(({ sources }) => sources?.map(({ title }) => title) ?? []);

test('sources stand under the answer that they belong to, and under no other', async () => {
  const { conversation, hear, answerFrom } = setUp();
  await hear('agent', 'a1', ['Hi.'], true);
  await hear('me', 'u1', ['Why?'], true);
  await answerFrom('agent', 'Handbook');
  await hear('agent', 'a2', ['Because ', 'of ', 'that.'], true);
  await hear('agent', 'a3', ['And so on.'], true);
  expect(sourcesOf(conversation.read())).toEqual([[], [], ['Handbook'], []]);
});

test('an answer that was never given does not leave its sources to the next', async () => {
  const { conversation, hear, answerFrom } = setUp();
  await answerFrom('agent', 'Handbook');
  await hear('me', 'u1', ['No, wait'], true);
  await hear('agent', 'a1', ['Yes?'], true);
  expect(sourcesOf(conversation.read())).toEqual([[], []]);
});

test('an answer that was begun before the last word was sure does not lose its sources', async () => {
  const { conversation, hear, answerFrom } = setUp();
  await hear('me', 'u1', ['The lamp.'], true);
  await hear('me', 'u2', ['how fast does it turn'], false);
  await answerFrom('agent', 'Light', 'The lamp. how fast does it turn');
  await hear('me', 'u2', ['How fast does it turn?'], true);
  await hear('agent', 'a1', ['Once in ', 'eleven seconds.'], true);
  expect(sourcesOf(conversation.read())).toEqual([[], [], ['Light']]);
});

test('what is still said of the answer before does not take the sources of the next', async () => {
  const { conversation, room, hear, answerFrom } = setUp();
  let end: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => (end = resolve));
  async function* read() {
    yield 'Well, ';
    await cut;
    yield 'it';
  }
  const reader = Object.assign(read(), { info: { id: 'a1' } });
  room.handlers.get(TOPIC_TRANSCRIPTION)?.(reader, { identity: 'agent' });
  await hear('me', 'u1', ['Why?'], false);
  await answerFrom('agent', 'Handbook');
  end();
  await hear('me', 'u1', ['Why?'], true);
  await hear('agent', 'a2', ['Because.'], true);
  expect(sourcesOf(conversation.read())).toEqual([[], [], ['Handbook']]);
});

test('a stranger in the room cannot put sources under an answer', async () => {
  const { conversation, hear, answerFrom } = setUp();
  await answerFrom('guest', 'Lies');
  await hear('agent', 'a1', ['Hi.'], true);
  expect(sourcesOf(conversation.read())).toEqual([[]]);
});

test('an answer about a file is not lost, early or late', async () => {
  const { conversation, answerFile } = setUp();
  await conversation.sendFile(new File(['x'], 'late.png'), 'agent');
  expect(conversation.read()).toMatchObject([{ text: 'late.png', state: 'open' }]);
  await answerFile('stream of late.png', { kind: 'picture' });
  await answerFile('stream of early.bin', { error: 'it is of no known kind.' });
  await conversation.sendFile(new File(['x'], 'early.bin'), 'agent');
  expect(conversation.read()).toMatchObject([
    { state: 'done', file: { kind: 'picture', error: null } },
    { state: 'done', file: { kind: null, error: 'it is of no known kind.' } },
  ]);
});

test('a file that did not leave is not shown as given', async () => {
  const { room, conversation } = setUp();
  await conversation.sendFile(new File([new Uint8Array(10_000_001)], 'huge.pdf'), 'agent');
  room.online = false;
  await conversation.sendFile(new File(['x'], 'cat.png'), 'agent');
  const [huge, cat] = conversation.read();
  expect(huge?.file?.error).toContain('10 MB');
  expect(cat?.file?.error).toContain('not be sent');
});

test('a file whose agent is lost does not say for ever that it is being given', async () => {
  const { room, conversation, answerFile } = setUp();
  room.remoteParticipants.set('next', room.agent);
  await conversation.sendFile(new File(['x'], 'read.pdf'), 'agent');
  await answerFile('stream of read.pdf', { kind: 'document' });
  await conversation.sendFile(new File(['x'], 'lost.pdf'), 'agent');
  await conversation.sendFile(new File(['x'], 'kept.pdf'), 'next');
  room.lose('agent');
  await conversation.sendFile(new File(['x'], 'late.pdf'), 'agent');
  const lost = { kind: null, error: expect.stringContaining('lost') as string };
  expect(conversation.read()).toMatchObject([
    { text: 'read.pdf', state: 'done', file: { kind: 'document', error: null } },
    { text: 'lost.pdf', state: 'done', file: lost },
    { text: 'kept.pdf', state: 'open' },
    { text: 'late.pdf', state: 'done', file: lost },
  ]);
});

test('an agent that only seemed lost does not leave its answer about a file unheard', async () => {
  const { room, conversation, answerFile } = setUp();
  await conversation.sendFile(new File(['x'], 'cat.png'), 'agent');
  room.lose('agent');
  room.remoteParticipants.set('agent', room.agent);
  await answerFile('stream of cat.png', { kind: 'picture' });
  expect(conversation.read()).toMatchObject([{ file: { kind: 'picture', error: null } }]);
});
