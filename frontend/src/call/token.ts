import { fieldsOf } from '../json';
import { ATTRIBUTE_PERSON, TOKEN_PATH } from '../protocol';
import { CallError } from './problems';
import type { Seat } from './seat';
import { forgetVisitorToken, visitorToken } from './visitor';

/** Where to connect, and with what. */
export interface Grant {
  serverUrl: string;
  token: string;
}

const TIMEOUT_MS = 20_000;
const LONGEST_WAIT_S = 600;

/**
 * Seconds that a `Retry-After` header asks for (a number or an HTTP date), 0 where it says nothing.
 */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null || header.trim() === '') return 0;
  const seconds = /^\s*\d+\s*$/.test(header)
    ? Number(header)
    : Math.ceil((Date.parse(header) - now) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST_WAIT_S) : 0;
}

function parseGrant(body: unknown): Grant | null {
  const { server_url, participant_token } = fieldsOf(body) ?? {};
  return typeof server_url === 'string' && typeof participant_token === 'string'
    ? { serverUrl: server_url, token: participant_token }
    : null;
}

/** The gateway's answer, or its refusal of the token that it wants for one. */
async function ask(body: string, onlyBack: boolean, signal: AbortSignal): Promise<Response> {
  const visitor = await visitorToken(signal);
  if (typeof visitor !== 'string') return visitor;
  return fetch(TOKEN_PATH, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${visitor}`,
      ...(onlyBack && { 'If-Match': '*' }),
    },
    body,
    cache: 'no-store',
    signal,
  });
}

/**
 * Ask the gateway for a room with an agent in it: a new one, or the one with the person's `place`,
 * as long as that is open. With a `secret`, the person is remembered under it. LiveKit's
 * `TokenSource.endpoint` speaks the same protocol, but hides the status and `Retry-After`, which
 * people must see.
 *
 * Throws {@link CallError}; an abort of `signal` passes through.
 */
export async function requestGrant(
  signal: AbortSignal,
  place: Pick<Seat, 'room' | 'identity'> | null = null,
  secret: string | null = null,
): Promise<Grant> {
  const body = JSON.stringify({
    ...(place && { room_name: place.room, participant_identity: place.identity }),
    ...(secret !== null && { participant_attributes: { [ATTRIBUTE_PERSON]: secret } }),
  });
  let response: Response;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    response = await ask(body, place !== null, limit);
    if (response.status === 401) {
      forgetVisitorToken(); // The gateway was started anew, with another key.
      response = await ask(body, place !== null, limit);
    }
  } catch {
    signal.throwIfAborted();
    throw new CallError({ kind: 'unreachable' });
  }
  if (response.status === 503 || response.status === 429) {
    const retryAfter = parseRetryAfter(response.headers.get('Retry-After'), Date.now());
    throw new CallError({ kind: response.status === 503 ? 'busy' : 'too-often', retryAfter });
  }
  if (response.status === 412) throw new CallError({ kind: 'over' });
  if (response.status >= 500) throw new CallError({ kind: 'unreachable' });
  if (!response.ok) throw new CallError({ kind: 'refused', status: response.status });
  const grant = parseGrant(await response.json().catch(() => null));
  signal.throwIfAborted();
  if (grant === null) throw new CallError({ kind: 'refused', status: response.status });
  return grant;
}
