import { fieldsOf } from '../json';
import { HEADER_PERSON, MEMORY_PATH } from '../protocol';

export interface Turn {
  /** Unix seconds. */
  at: number;
  role: 'user' | 'assistant';
  text: string;
}

/** What is remembered of a person. */
export interface Memory {
  facts: readonly string[];
  /** Oldest first. */
  turns: readonly Turn[];
}

const TIMEOUT_MS = 15_000;

/** Throws where the server cannot be reached or does not say. */
export async function fetchMemory(secret: string, signal: AbortSignal): Promise<Memory> {
  const response = await request('GET', secret, signal);
  return parseMemory(await response.json());
}

/** Throws where it could not be done. */
export async function forgetMemory(secret: string): Promise<void> {
  await request('DELETE', secret, null);
}

async function request(
  method: string,
  secret: string,
  signal: AbortSignal | null,
): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(MEMORY_PATH, {
    method,
    headers: { [HEADER_PERSON]: secret },
    cache: 'no-store',
    signal: signal === null ? limit : AbortSignal.any([signal, limit]),
  });
  if (!response.ok) throw new Error(`it answered with status ${response.status}`);
  return response;
}

/** Throws for an answer of another shape, lest somebody believes that nothing is known of them. */
export function parseMemory(data: unknown): Memory {
  const { facts, turns } = fieldsOf(data) ?? {};
  if (Array.isArray(facts) && facts.every(isText) && Array.isArray(turns) && turns.every(isTurn)) {
    return { facts, turns };
  }
  throw new Error('what is remembered cannot be read');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTurn(value: unknown): value is Turn {
  const { at, role, text } = fieldsOf(value) ?? {};
  return typeof at === 'number' && (role === 'user' || role === 'assistant') && isText(text);
}
