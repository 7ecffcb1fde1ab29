/** Looking at what came from elsewhere. */

export type Fields = Readonly<Record<string, unknown>>;

/** What an object has, each thing of any kind; null for anything else. */
export function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}

/** What the object has that a JSON text is; null for anything else. */
export function parseFields(text: string): Fields | null {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return null;
  }
}
