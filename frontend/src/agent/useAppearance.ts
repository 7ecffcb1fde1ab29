import { useRoomContext } from '@livekit/components-react';
import { RpcError } from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  ATTRIBUTE_BACKGROUND,
  ATTRIBUTE_EMOTION,
  ATTRIBUTE_HEAD,
  HEADS_INDEX,
  HEADS_PATH,
  RPC_APPEARANCE,
} from '../protocol';
import { parseHeads } from './appearance';
import type { Agent } from './useAgent';

export interface AppearanceChange {
  head?: string;
  background?: string;
  emotion?: string;
  gesture?: string;
}

export interface Appearance {
  possible: boolean;
  /** In force, as far as the avatar says. */
  head: string | undefined;
  background: string | undefined;
  emotion: string | undefined;
  /** Names that may be asked for; empty until they are known. */
  heads: readonly string[];
  /** Something was asked for and is not there yet. */
  pending: boolean;
  /** Why the last wish was refused, in the avatar's words. */
  problem: string | null;
  change: (wish: AppearanceChange) => void;
}

/** How the avatar looks, and how to ask for something else. */
export function useAppearance({ avatar, changeable }: Agent): Appearance {
  const room = useRoomContext();
  const [heads, setHeads] = useState<readonly string[]>([]);
  const [asked, setAsked] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef(0);
  const identity = avatar?.identity;

  useEffect(() => {
    if (!changeable) return;
    const controller = new AbortController();
    fetch(HEADS_PATH + HEADS_INDEX, { signal: controller.signal })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then(
        (found: unknown) => {
          setHeads(parseHeads(found));
        },
        () => undefined, // Without names there is no choice of heads; the rest goes on.
      );
    return () => {
      controller.abort();
    };
  }, [changeable]);

  const change = useCallback(
    (wish: AppearanceChange) => {
      if (identity === undefined) return;
      const number = ++newest.current;
      setAsked((count) => count + 1);
      const settle = (found: string | null) => {
        setAsked((count) => count - 1);
        if (number === newest.current) setProblem(found);
      };
      room.localParticipant
        .performRpc({
          destinationIdentity: identity,
          method: RPC_APPEARANCE,
          payload: JSON.stringify(wish),
        })
        .then(
          () => {
            settle(null);
          },
          (error: unknown) => {
            settle(explain(error));
          },
        );
    },
    [room, identity],
  );

  return {
    possible: changeable,
    head: avatar?.attributes[ATTRIBUTE_HEAD],
    background: avatar?.attributes[ATTRIBUTE_BACKGROUND],
    emotion: avatar?.attributes[ATTRIBUTE_EMOTION],
    heads,
    pending: asked > 0,
    problem,
    change,
  };
}

function explain(error: unknown): string {
  // Its own words where the avatar refused; LiveKit's errors of transport are 1500 and more.
  if (error instanceof RpcError && error.code < 1500) return error.data ?? error.message;
  return 'The avatar did not answer. Try once more.';
}
