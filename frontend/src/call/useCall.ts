import { useCallback, useEffect, useRef, useState } from 'react';
import type { Call, CallStep } from './openCall';
import type { CallProblem } from './problems';

export type CallPhase =
  | { name: 'idle'; problem: CallProblem | null }
  | { name: 'starting'; step: CallStep }
  | { name: 'live'; call: Call; problem: CallProblem | null };

export interface CallControl {
  phase: CallPhase;
  /** Starts, or starts over. */
  start: () => void;
  hangUp: () => void;
}

const IDLE: CallPhase = { name: 'idle', problem: null };

function problemOf(error: unknown): CallProblem {
  // The module that knows CallError loads late: recognise its errors by shape. Anything else means
  // that this module itself could not be loaded.
  if (error instanceof Error && 'problem' in error) return error.problem as CallProblem;
  return { kind: 'unreachable' };
}

/** The life of one call at a time. */
export function useCall(): CallControl {
  const [phase, setPhase] = useState<CallPhase>(IDLE);
  const controller = useRef<AbortController | null>(null);

  const start = useCallback(() => {
    controller.current?.abort();
    const { signal } = (controller.current = new AbortController());
    const enter = (next: CallPhase) => {
      if (!signal.aborted) setPhase(next);
    };
    enter({ name: 'starting', step: 'agent' });
    import('./openCall')
      .then(({ openCall }) =>
        openCall({
          signal,
          onStep: (step) => {
            enter({ name: 'starting', step });
          },
          onClosed: (problem) => {
            if (signal.aborted) return;
            setPhase((now) => (now.name === 'live' ? { ...now, problem } : now));
          },
        }),
      )
      .then(
        (call) => {
          enter({ name: 'live', call, problem: null });
        },
        (error: unknown) => {
          enter({ name: 'idle', problem: problemOf(error) });
        },
      );
  }, []);

  const hangUp = useCallback(() => {
    controller.current?.abort();
    setPhase(IDLE);
  }, []);

  useEffect(
    () => () => {
      controller.current?.abort();
    },
    [],
  );

  return { phase, start, hangUp };
}
