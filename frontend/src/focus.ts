/**
 * Puts the focus on an element that asks for it by itself, without a press of the person. Within a
 * frame that takes it from the site around, where somebody may be typing: only a page that has the
 * focus moves it.
 */
export function moveFocus(to: Pick<HTMLElement, 'focus'> | null, options?: FocusOptions): void {
  if (document.hasFocus()) to?.focus(options);
}
