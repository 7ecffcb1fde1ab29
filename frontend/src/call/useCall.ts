import { useCallback, useEffect, useRef, useState } from 'react';
import { forgetDraft } from '../conversation/draft';
import type { Call, CallStep } from './openCall';
import type { CallProblem } from './problems';
import { forgetSeat, HANG_UP, recallSeat } from './seat';

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
const RETURNING: CallPhase = { name: 'starting', step: 'back' };

function problemOf(error: unknown): CallProblem {
  // The module that knows CallError loads late: recognise its errors by shape. Anything else means
  // that this module itself could not be loaded.
  if (error instanceof Error && 'problem' in error) return error.problem as CallProblem;
  return { kind: 'unreachable' };
}

/** The life of one call at a time. A page that was reloaded during a call goes on with it. */
export function useCall(): CallControl {
  const [returning] = useState(() => recallSeat() !== null);
  const [phase, setPhase] = useState<CallPhase>(returning ? RETURNING : IDLE);
  const controller = useRef<AbortController | null>(null);

  const open = useCallback((onlyBack: boolean) => {
    controller.current?.abort();
    const { signal } = (controller.current = new AbortController());
    const seat = recallSeat();
    const enter = (next: CallPhase) => {
      if (!signal.aborted) setPhase(next);
    };
    enter(seat === null ? { name: 'starting', step: 'agent' } : RETURNING);
    import('./openCall')
      .then(({ openCall }) =>
        openCall({
          signal,
          seat,
          onlyBack,
          onStep: (step) => {
            if (seat === null || step === 'microphone') enter({ name: 'starting', step });
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

  const start = useCallback(() => {
    open(false);
  }, [open]);

  const hangUp = useCallback(() => {
    controller.current?.abort(HANG_UP);
    forgetSeat();
    forgetDraft();
    setPhase(IDLE);
  }, []);

  useEffect(() => {
    if (returning) open(true);
    return () => {
      controller.current?.abort();
    };
  }, [returning, open]);

  return { phase, start, hangUp };
}
