import { useEffect, useState } from 'react';
import { ATTRIBUTE_LIMIT } from '../protocol';
import { type Limit, parseLimit, remaining } from './limit';
import type { Agent } from './useAgent';

export interface NearLimit {
  name: Limit['name'];
  /** Whole seconds. */
  remaining: number;
}

const TICK_MS = 250;

/** What ends the session soon, and when; null while nothing does. */
export function useLimit({ participant }: Agent): NearLimit | null {
  const told = participant?.attributes[ATTRIBUTE_LIMIT];
  const [near, setNear] = useState<NearLimit | null>(null);

  useEffect(() => {
    const limit = parseLimit(told);
    const since = performance.now();
    const tick = () => {
      setNear(
        limit && { name: limit.name, remaining: remaining(limit, since, performance.now()) },
      );
    };
    tick();
    if (limit === null) return;
    const ticking = setInterval(tick, TICK_MS);
    return () => {
      clearInterval(ticking);
    };
  }, [told]);

  return near;
}
