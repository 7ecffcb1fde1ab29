import { useCallback, useEffect, useState } from 'react';
import {
  ATTRIBUTE_BACKGROUND,
  ATTRIBUTE_EMOTION,
  ATTRIBUTE_HEAD,
  HEADS_INDEX,
  HEADS_PATH,
  RPC_APPEARANCE,
} from '../protocol';
import { parseDrawable, parseHeads } from './appearance';
import type { Agent } from './useAgent';
import { useWishes } from './useWishes';

export interface AppearanceChange {
  head?: string;
  background?: string;
  emotion?: string;
}

export interface Appearance {
  possible: boolean;
  /** In force, as far as the avatar says. */
  head: string | undefined;
  background: string | undefined;
  emotion: string | undefined;
  /** Names that may be asked for; empty until they are known. */
  heads: readonly string[];
  /** The page may draw them itself. */
  drawable: boolean;
  /** Something was asked for and is not there yet. */
  pending: boolean;
  /** Why the last wish was refused, in the avatar's words. */
  problem: string | null;
  change: (wish: AppearanceChange) => void;
}

/** How the avatar looks, and how to ask for something else. */
export function useAppearance({ avatar, changeable }: Agent): Appearance {
  const [heads, setHeads] = useState<readonly string[]>([]);
  const [drawable, setDrawable] = useState(true);
  const { pending, problem, ask } = useWishes(
    avatar?.identity,
    RPC_APPEARANCE,
    'The avatar did not answer. Try once more.',
  );

  useEffect(() => {
    if (!changeable) return;
    const controller = new AbortController();
    fetch(HEADS_PATH + HEADS_INDEX, { signal: controller.signal })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then(
        (found: unknown) => {
          setHeads(parseHeads(found));
          setDrawable(parseDrawable(found));
        },
        () => undefined, // Without names there is no choice of heads; the rest goes on.
      );
    return () => {
      controller.abort();
    };
  }, [changeable]);

  const change = useCallback(
    (wish: AppearanceChange) => {
      void ask(wish);
    },
    [ask],
  );

  return {
    possible: changeable,
    head: avatar?.attributes[ATTRIBUTE_HEAD],
    background: avatar?.attributes[ATTRIBUTE_BACKGROUND],
    emotion: avatar?.attributes[ATTRIBUTE_EMOTION],
    heads,
    drawable,
    pending,
    problem,
    change,
  };
}
