import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { canKeep, keepPerson, makeSecret, NOBODY, recallPerson, secretToSend } from './person';

class FakeStorage {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => {
    this.kept.set(key, value);
  };
  removeItem = (key: string) => {
    this.kept.delete(key);
  };
}

let storage: FakeStorage;

beforeEach(() => {
  storage = new FakeStorage();
  vi.stubGlobal('localStorage', storage);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test('nobody is remembered who did not ask for it', () => {
  expect(recallPerson()).toEqual(NOBODY);
  expect(secretToSend(recallPerson())).toBeNull();
});

test('a secret survives the page, and is not sent once it is switched off', () => {
  const secret = makeSecret();
  expect(keepPerson({ secret, remember: true })).toBe(true);
  expect(secretToSend(recallPerson())).toBe(secret);
  keepPerson({ secret, remember: false });
  expect(recallPerson().secret).toBe(secret);
  expect(secretToSend(recallPerson())).toBeNull();
});

test('forgetting leaves nothing in the browser', () => {
  keepPerson({ secret: makeSecret(), remember: true });
  keepPerson(NOBODY);
  expect(storage.kept.size).toBe(0);
});

test('no secret is made that the gateway refuses, or that comes twice', () => {
  const secrets = Array.from({ length: 50 }, makeSecret);
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{32}$/);
});

test.each(['no JSON', 'null', '{"secret": "short", "remember": true}', '{"secret": 3}'])(
  'what cannot be used (%s) is not sent',
  (kept) => {
    storage.setItem('visavis.person', kept);
    expect(recallPerson()).toEqual(NOBODY);
  },
);

test('a browser that keeps nothing does not break the page', () => {
  const refuse = () => {
    throw new Error('forbidden');
  };
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
  expect(canKeep()).toBe(false);
  expect(keepPerson({ secret: makeSecret(), remember: true })).toBe(false);
  expect(recallPerson()).toEqual(NOBODY);
});

test('asking whether it can keep something leaves nothing behind', () => {
  expect(canKeep()).toBe(true);
  expect(storage.kept.size).toBe(0);
});
