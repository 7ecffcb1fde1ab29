import type { CallProblem } from './problems';

/** Long enough for a worker that is started again. */
const PATIENCE_MS = 30_000;
/** Where the gateway does not say how long to wait, or cannot be reached. */
const AGAIN_AFTER_MS = 3_000;

/** Milliseconds after which calling again may help; null where it does not. */
function waitAfter(error: unknown): number | null {
  // The class of these errors is in a module that loads late.
  const problem = error instanceof Error && 'problem' in error ? (error.problem as CallProblem) : null;
  if (problem?.kind === 'unreachable') return AGAIN_AFTER_MS;
  if (problem === null || !('retryAfter' in problem)) return null;
  return problem.retryAfter * 1000 || AGAIN_AFTER_MS;
}

/**
 * Calls until somebody takes the call. Throws the last error where calling again is no use or would
 * take longer than half a minute; stops at the abort of `signal`.
 */
export async function callPatiently(call: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!signal.aborted) {
    try {
      await call();
      return;
    } catch (error) {
      const wait = waitAfter(error);
      if (wait === null || Date.now() + wait > end) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
      });
    }
  }
}
