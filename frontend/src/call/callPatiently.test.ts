import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callPatiently } from './callPatiently';
import { CallError, type CallProblem } from './problems';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Fails so often, each time with the problem; tells when it was called, in seconds. */
function failing(problem: CallProblem, times = Infinity) {
  const start = Date.now();
  const calls: number[] = [];
  const call = () => {
    calls.push((Date.now() - start) / 1000);
    return calls.length > times ? Promise.resolve() : Promise.reject(new CallError(problem));
  };
  return { call, calls };
}

const never = new AbortController().signal;

test('one gateway that is busy, or away for a moment, does not end the conversation', async () => {
  for (const [problem, calls] of [
    [{ kind: 'unreachable' }, [0, 3, 6]],
    [{ kind: 'busy', retryAfter: 0 }, [0, 3, 6]],
    [{ kind: 'busy', retryAfter: 5 }, [0, 5, 10]],
  ] as const) {
    const there = failing(problem, 2);
    const called = callPatiently(there.call, never);
    await vi.runAllTimersAsync();
    await called;
    expect(there.calls).toEqual(calls);
  }
});

test('nobody waits for ever, or longer than half a minute', async () => {
  for (const problem of [
    { kind: 'unreachable' },
    { kind: 'busy', retryAfter: 31 },
  ] as const) {
    const { call, calls } = failing(problem);
    const given = expect(callPatiently(call, never)).rejects.toMatchObject({ problem });
    await vi.runAllTimersAsync();
    await given;
    expect(calls.at(-1)).toBe(problem.kind === 'busy' ? 0 : 30);
  }
});

test('a room that is closed is not asked for again', async () => {
  const { call, calls } = failing({ kind: 'over' });
  await expect(callPatiently(call, never)).rejects.toMatchObject({ problem: { kind: 'over' } });
  expect(calls).toHaveLength(1);
});

test('once somebody is here, nobody else is called', async () => {
  const controller = new AbortController();
  const { call, calls } = failing({ kind: 'unreachable' });
  const called = callPatiently(call, controller.signal);
  await vi.advanceTimersByTimeAsync(1_000);
  controller.abort();
  await vi.runAllTimersAsync();
  await called;
  expect(calls).toHaveLength(1);
});
