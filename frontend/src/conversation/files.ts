/** Files that are given to the agent: `FileNews` in `visavis/files.py`. */

import { fieldsOf, parseFields } from '../json';

/** Bytes that the agent takes. */
export const LONGEST_FILE = 10_000_000;

/** What it can look at or read. What a file is, the agent sees from its bytes. */
export const FILE_TYPES =
  '.png,.jpg,.jpeg,.webp,.txt,.md,.rst,.html,.htm,.pdf,.docx,image/png,image/jpeg,image/webp';

/** What became of a file; both null: nothing is known yet. */
export interface FileFate {
  kind: 'picture' | 'document' | null;
  /** One sentence for people: why it was not taken. */
  error: string | null;
}

export const UNKNOWN_FATE: FileFate = { kind: null, error: null };

export interface FileNews extends FileFate {
  /** Of the byte stream. */
  id: string;
}

/** Null for anything else. */
export function parseFileNews(text: string): FileNews | null {
  const { id, kind = null, error = null } = parseFields(text) ?? {};
  if (typeof id !== 'string' || (typeof error !== 'string' && error !== null)) return null;
  if (kind !== 'picture' && kind !== 'document' && kind !== null) return null;
  return { id, kind, error };
}

export function isFate(value: unknown): value is FileFate {
  const { kind, error } = fieldsOf(value) ?? {};
  const known = kind === 'picture' || kind === 'document' || kind === null;
  return known && (error === null || typeof error === 'string');
}

/** How a person is told; `open`: it may still be answered. */
export function describeFate({ kind, error }: FileFate, open: boolean): string {
  if (error !== null) return `Not taken: ${error}`;
  if (kind === 'picture') return 'Seen together with what you say next.';
  if (kind === 'document') return 'Read, and known in this conversation.';
  return open ? 'Giving it…' : 'Nobody said whether it was taken.';
}
