/** Milliseconds in which nobody has read the browser's choice of screens: the refusal is its own. */
const TOO_SOON = 300;

/**
 * Whether somebody closed the browser's choice of screens, `after` milliseconds, and so does not want
 * to be told. A frame that forbids showing the screen fails by the same name, but at once; a system
 * that does, after the choice, and Chrome says so: "Permission denied by system".
 */
export function wasClosed(error: unknown, after: number): boolean {
  if (!(error instanceof Error) || error.name !== 'NotAllowedError') return false;
  return after > TOO_SOON && !/system/i.test(error.message);
}
