/** Of a key that an input method has taken, by which one writes Japanese. */
const TAKEN = 229;

/** Of a keyboard event; `keyCode` is deprecated, but nothing else tells it in Safari. */
interface Key {
  isComposing: boolean;
  keyCode: number;
}

/**
 * Whether a key belongs to a word that is being put together. Safari ends the composition before the
 * key that confirms the word comes.
 */
export function isComposing(key: Key): boolean {
  return key.isComposing || key.keyCode === TAKEN;
}

const FIELDS = ['INPUT', 'SELECT', 'TEXTAREA'];

/** Whether somebody is at a field of a form, from where the focus must not be taken. */
export function isTyping(focused: Pick<Element, 'tagName'> | null): boolean {
  return focused !== null && FIELDS.includes(focused.tagName);
}
