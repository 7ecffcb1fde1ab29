/** What ends the session soon: `ATTRIBUTE_LIMIT` in `visavis/protocol.py`. */

import { parseFields } from '../json';

export interface Limit {
  name: 'duration' | 'idle';
  /** Seconds, when it was told; clocks of different machines differ, spans of time do not. */
  secondsLeft: number;
}

/** Null where nothing ends it soon, or not so that one understands it. */
export function parseLimit(text: string | undefined): Limit | null {
  const { limit: name, seconds_left: secondsLeft } = parseFields(text ?? '') ?? {};
  if (name !== 'duration' && name !== 'idle') return null;
  if (typeof secondsLeft !== 'number' || !Number.isFinite(secondsLeft)) return null;
  return { name, secondsLeft };
}

/** Whole seconds from `now` until the end; `since`: when it was told, both in ms. */
export function remaining({ secondsLeft }: Limit, since: number, now: number): number {
  return Math.max(0, Math.ceil(secondsLeft - (now - since) / 1000));
}
