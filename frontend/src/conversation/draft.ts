/** What is being typed. It outlasts the chat's closing and another attempt at the same call. */
let draft = '';

export function recallDraft(): string {
  return draft;
}

export function rememberDraft(text: string): void {
  draft = text;
}

/** For whoever sits down here next. */
export function forgetDraft(): void {
  draft = '';
}
