import { afterEach, describe, expect, test, vi } from 'vitest';
import { CallError } from './problems';
import { parseRetryAfter, requestGrant } from './token';
import { forgetVisitorToken } from './visitor';

const GRANT = { server_url: 'ws://x', participant_token: 't' };

/** A gateway that gives out the visitor tokens `v1`, `v2`, … and answers all else so. */
function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  let given = 0;
  const fetching = vi.fn<(path: string, request: RequestInit) => Promise<Response>>((path) => {
    if (path === '/api/auth/token') {
      given += 1;
      return Promise.resolve(Response.json({ token: `v${given}`, ttl: 3600, origin: 'http://x' }));
    }
    return Promise.resolve(
      new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers }),
    );
  });
  vi.stubGlobal('fetch', fetching);
  return fetching;
}

function bearers(fetching: ReturnType<typeof answer>) {
  return fetching.mock.calls
    .filter(([path]) => path === '/api/token')
    .map(([, { headers }]) => new Headers(headers).get('Authorization'));
}

async function problemOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CallError) return error.problem;
    throw error;
  }
  throw new Error('no error was thrown');
}

const ask = () => requestGrant(new AbortController().signal);

afterEach(() => {
  forgetVisitorToken();
  vi.unstubAllGlobals();
});

describe('requestGrant', () => {
  test('asks for the room that a reload left, and for no other', async () => {
    const fetching = answer(201, GRANT);
    await requestGrant(new AbortController().signal, { room: 'r', identity: 'me' });
    expect(fetching).toHaveBeenCalledWith(
      '/api/token',
      expect.objectContaining({
        body: '{"room_name":"r","participant_identity":"me"}',
        headers: {
          'Content-Type': 'application/json',
          Authorization: 'Bearer v1',
          'If-Match': '*',
        },
      }),
    );
  });

  test('shows the same visitor token until the gateway does not know it any more', async () => {
    const fetching = answer(201, GRANT);
    await ask();
    await ask();
    expect(bearers(fetching)).toEqual(['Bearer v1', 'Bearer v1']);
    const refusing = answer(401, {});
    expect(await problemOf(ask())).toEqual({ kind: 'refused', status: 401 });
    expect(refusing.mock.calls.map(([path]) => path)).toEqual([
      '/api/token',
      '/api/auth/token',
      '/api/token',
    ]);
  });

  test('is told that it asks too often for a visitor token, too', async () => {
    const slow = { status: 429, headers: { 'Retry-After': '3' } };
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('', slow)));
    expect(await problemOf(ask())).toEqual({ kind: 'too-often', retryAfter: 3 });
  });

  test('whoever wants to be remembered is named, in the gateway’s way', async () => {
    const fetching = answer(201, GRANT);
    await requestGrant(new AbortController().signal, null, 'secret');
    expect(fetching).toHaveBeenCalledWith(
      '/api/token',
      expect.objectContaining({ body: '{"participant_attributes":{"visavis.person":"secret"}}' }),
    );
  });

  test('a room that is closed is told apart from a refusal', async () => {
    answer(412, {});
    expect(await problemOf(ask())).toEqual({ kind: 'over' });
  });

  test('asks for nothing that the gateway would refuse, and reads the standard answer', async () => {
    const fetching = answer(201, { ...GRANT, extra: 1 });
    expect(await ask()).toEqual({ serverUrl: 'ws://x', token: 't' });
    expect(fetching).toHaveBeenCalledWith(
      '/api/token',
      expect.objectContaining({ method: 'POST', body: '{}' }),
    );
  });

  test('does not retry before Retry-After says', async () => {
    answer(503, 'nobody', { 'Retry-After': '7' });
    expect(await problemOf(ask())).toEqual({ kind: 'busy', retryAfter: 7 });
  });

  test.each([502, 500])('a broken server (%i) is not told as a refusal', async (status) => {
    answer(status, '');
    expect(await problemOf(ask())).toEqual({ kind: 'unreachable' });
  });

  test('no server at all is unreachable', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await problemOf(ask())).toEqual({ kind: 'unreachable' });
  });

  test.each(['<html>', '{}', 'null', '{"server_url": 1, "participant_token": "t"}'])(
    'an answer that is no grant (%s) is not used',
    async (body) => {
      answer(200, body);
      expect(await problemOf(ask())).toEqual({ kind: 'refused', status: 200 });
    },
  );

  test('giving up is not told as a failure', async () => {
    const controller = new AbortController();
    vi.stubGlobal('fetch', (_url: string, { signal }: RequestInit) => {
      controller.abort();
      return Promise.reject(signal?.reason as Error);
    });
    await expect(requestGrant(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  test.each([
    [null, 0],
    ['', 0],
    ['soon', 0],
    ['-5', 0],
    ['12', 12],
    ['999999', 600],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ])('%s is %i seconds', (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });
});
