/**
 * Puts the focus on an element that asks for it by itself, without a press of the person. Within a
 * frame that takes it from the site around, where somebody may be typing: a frame moves only the
 * focus that it has. A page alone places it for when the person comes back to its window, too.
 */
export function moveFocus(to: Pick<HTMLElement, 'focus'> | null, options?: FocusOptions): void {
  const isFramed = window.parent !== window;
  if (!isFramed || document.hasFocus()) to?.focus(options);
}
