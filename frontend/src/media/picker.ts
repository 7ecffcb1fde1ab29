/** Milliseconds in which nobody has read the browser's choice of screens: the refusal is its own. */
const TOO_SOON = 300;

/**
 * Whether somebody closed the browser's choice of screens, `after` milliseconds, and so does not want
 * to be told. A system, or a frame, that forbids showing the screen fails by the same name, but at once.
 */
export function wasClosed(error: unknown, after: number): boolean {
  return error instanceof Error && error.name === 'NotAllowedError' && after > TOO_SOON;
}
