/** Whether this browser's person wants to be remembered, and under which secret. */

import { parseFields } from '../json';

export interface Person {
  /** Who knows it may read and delete what is remembered: 32 hexadecimal digits. */
  secret: string | null;
  /** New conversations are remembered. */
  remember: boolean;
}

export const NOBODY: Person = { secret: null, remember: false };

/** What the gateway takes for a secret. */
const SECRET = /^[A-Za-z0-9_-]{16,64}$/;
const KEY = 'visavis.person';

/** {@link NOBODY} where nothing is kept, or nothing that could be used. */
export function recallPerson(): Person {
  try {
    const { secret, remember } = parseFields(localStorage.getItem(KEY) ?? '') ?? {};
    if (typeof secret !== 'string' || !SECRET.test(secret)) return NOBODY;
    return { secret, remember: remember === true };
  } catch {
    return NOBODY;
  }
}

/** False where the browser keeps nothing. */
export function keepPerson(person: Person): boolean {
  try {
    if (person.secret === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(person));
    return true;
  } catch {
    return false;
  }
}

/** A private window may refuse, or hold no more than zero bytes. */
export function canKeep(): boolean {
  const probe = `${KEY}.probe`;
  try {
    localStorage.setItem(probe, '1');
    localStorage.removeItem(probe);
    return true;
  } catch {
    return false;
  }
}

/** `crypto.randomUUID` would need a secure page, which one in a home network is not. */
export function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a token request shall say: null for somebody who does not want to be remembered. */
export function secretToSend({ secret, remember }: Person): string | null {
  return remember ? secret : null;
}
