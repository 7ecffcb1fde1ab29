import { afterEach, expect, test, vi } from 'vitest';
import { fetchMemory, forgetMemory, parseMemory } from './memory';

const MEMORY = { facts: ['Likes the sea.'], turns: [{ at: 1, role: 'user', text: 'Hi' }] };
const SECRET = '0123456789abcdef';

function answer(status: number, body: string | null) {
  const fetching = vi.fn(() => Promise.resolve(new Response(body, { status })));
  vi.stubGlobal('fetch', fetching);
  return fetching;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test('the secret goes in the header, not in an address that is logged', async () => {
  const fetching = answer(200, JSON.stringify(MEMORY));
  expect(await fetchMemory(SECRET, new AbortController().signal)).toEqual(MEMORY);
  expect(fetching).toHaveBeenCalledWith(
    '/api/memory',
    expect.objectContaining({ method: 'GET', headers: { 'X-Visavis-Person': SECRET } }),
  );
});

test('a deletion that failed is not told as done', async () => {
  answer(503, null);
  await expect(forgetMemory(SECRET)).rejects.toThrow('503');
  const fetching = answer(204, null);
  await forgetMemory(SECRET);
  expect(fetching).toHaveBeenCalledWith(
    '/api/memory',
    expect.objectContaining({ method: 'DELETE' }),
  );
});

test.each([null, [], {}, { facts: [], turns: [{ at: 1 }] }, { facts: [3], turns: [] }])(
  'an answer that cannot be read is not shown as "nothing"',
  (data) => {
    expect(() => parseMemory(data)).toThrow();
  },
);
