import type { Line } from '../conversation/lines';
import { isFate } from '../conversation/files';
import { isSource } from '../conversation/sources';
import { fieldsOf, parseFields } from '../json';

/** A person's place in a conversation: what a tab needs to come back after a reload. */
export interface Seat {
  room: string;
  identity: string;
  /** The microphone was off; it stays off. */
  muted: boolean;
  lines: readonly Line[];
}

/** Reason of an abort by which the person leaves for good, and gives up the seat. */
export const HANG_UP = 'hang up';

/** Of this tab alone, and gone with it. */
const KEY = 'visavis.seat';

function isLine(value: unknown): value is Line {
  const line = fieldsOf(value);
  if (line === null) return false;
  if ('sources' in line && !(Array.isArray(line.sources) && line.sources.every(isSource))) {
    return false;
  }
  if ('file' in line && !isFate(line.file)) return false;
  if ('language' in line && typeof line.language !== 'string') return false;
  return ['id', 'who', 'how', 'text', 'state'].every((name) => typeof line[name] === 'string');
}

function parse(text: string): Seat | null {
  const { room, identity, muted, lines } = parseFields(text) ?? {};
  if (typeof room !== 'string' || typeof identity !== 'string') return null;
  return {
    room,
    identity,
    muted: muted === true,
    lines: Array.isArray(lines) ? lines.filter(isLine) : [],
  };
}

/** The place that this tab had; null where there is none, or where the browser keeps nothing. */
export function recallSeat(): Seat | null {
  try {
    return parse(sessionStorage.getItem(KEY) ?? '');
  } catch {
    return null;
  }
}

export function rememberSeat(seat: Seat): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(seat));
  } catch {
    // Full or forbidden: after a reload a new conversation begins.
  }
}

export function forgetSeat(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept either.
  }
}
