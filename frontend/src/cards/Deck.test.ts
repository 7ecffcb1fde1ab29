import type { Room } from 'livekit-client';
import { expect, test } from 'vitest';
import { Deck, MOST_CARDS } from './Deck';

type Handler = (call: { callerIdentity: string; payload: string }) => Promise<string>;

function setUp() {
  let handler: Handler | undefined;
  const room = {
    remoteParticipants: new Map([
      ['agent', { isAgent: true }],
      ['guest', { isAgent: false }],
    ]),
    registerRpcMethod: (_: string, registered: Handler) => {
      handler = registered;
    },
  };
  const deck = new Deck(room as unknown as Room);
  const show = (card: unknown, callerIdentity = 'agent') => {
    if (handler === undefined) throw new Error('nothing was registered');
    const payload = typeof card === 'string' ? card : JSON.stringify(card);
    return handler({ callerIdentity, payload });
  };
  return { deck, show, titles: () => deck.read().map(({ title }) => title) };
}

test('the newest card is not below older ones, nor do they pile up', async () => {
  const { show, titles } = setUp();
  for (const title of ['1', '2', '3', '4', '5']) expect(await show({ title })).toBe('ok');
  expect(titles()).toEqual(['5', '4', '3']);
  expect(titles()).toHaveLength(MOST_CARDS);
});

test('the same card is not shown twice', async () => {
  const { show, titles } = setUp();
  await show({ title: 'a' });
  await show({ title: 'b' });
  await show({ title: 'a', text: '' });
  expect(titles()).toEqual(['a', 'b']);
});

test('a dismissed card does not stay', async () => {
  const { deck, show, titles } = setUp();
  await show({ title: 'a' });
  await show({ title: 'b' });
  deck.dismiss(deck.read()[0]?.id ?? 0);
  expect(titles()).toEqual(['a']);
});

test('a stranger in the room cannot show a card', async () => {
  const { show, titles } = setUp();
  await expect(show({ title: 'a' }, 'guest')).rejects.toMatchObject({ code: 1403 });
  await expect(show({ title: 'a' }, 'nobody')).rejects.toMatchObject({ code: 1403 });
  expect(titles()).toEqual([]);
});

test.each([
  'no JSON',
  'null',
  '{}',
  '{"title": " "}',
  '{"title": "a", "text": 3}',
  '{"title": "a", "url": "javascript:alert(1)"}',
  '{"title": "a", "url": "https://"}',
])('a card that cannot be shown (%s) is refused, not half shown', async (payload) => {
  const { show, titles } = setUp();
  await expect(show(payload)).rejects.toMatchObject({ code: 1400 });
  expect(titles()).toEqual([]);
});

test('the host that is shown is where the link leads', async () => {
  const { deck, show } = setUp();
  await show({ title: 'a', url: 'https://bank.example@evil.example:8443/x' });
  expect(deck.read()[0]?.link?.host).toBe('evil.example:8443');
  await show({ title: 'b', url: 'https://bаnk.example/' }); // a Cyrillic а
  expect(deck.read()[0]?.link?.host).toMatch(/^xn--/);
});
