import { expect, test } from 'vitest';
import { diagnoseMicrophone } from './microphone';

const named = (name: string) => Object.assign(new Error(name), { name });

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'none'],
  ['NotReadableError', 'in-use'],
  ['TypeError', 'failed'],
])('%s does not hide behind a general error', (name, problem) => {
  expect(diagnoseMicrophone(named(name), true)).toBe(problem);
});

test('an insecure page is not told as a missing microphone', () => {
  expect(diagnoseMicrophone(new TypeError('mediaDevices is undefined'), false)).toBe('insecure');
});
