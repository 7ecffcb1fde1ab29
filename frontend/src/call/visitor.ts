import { fieldsOf } from '../json';
import { AUTH_PATH } from '../protocol';

/** With which the gateway knows that a request comes from this page. */
interface Pass {
  token: string;
  /** Milliseconds since the page's beginning. */
  until: number;
}

/** Before its end a token is not used any more: the request takes a while. */
const MARGIN_MS = 10_000;

let pass: Pass | null = null;

function parsePass(body: unknown, now: number): Pass | null {
  const { token, ttl } = fieldsOf(body) ?? {};
  if (typeof token !== 'string' || typeof ttl !== 'number') return null;
  return { token, until: now + ttl * 1000 - MARGIN_MS };
}

/**
 * The gateway's token for whoever looks at this page, or the answer by which the gateway refuses
 * one. Throws what `fetch` throws.
 */
export async function visitorToken(signal: AbortSignal): Promise<string | Response> {
  if (pass !== null && performance.now() < pass.until) return pass.token;
  const asked = performance.now();
  const response = await fetch(AUTH_PATH, { method: 'POST', cache: 'no-store', signal });
  if (!response.ok) return response;
  pass = parsePass(await response.json().catch(() => null), asked);
  return pass?.token ?? response;
}

/** The gateway does not know it any more. */
export function forgetVisitorToken(): void {
  pass = null;
}
