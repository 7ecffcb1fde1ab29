/** How a conversation is held: `Talk` in `visavis/talk.py`. */

import { parseFields } from '../json';

export type Mode = 'dialogue' | 'retelling';

export interface Talk {
  speed: number;
  /** ISO 639-1. */
  language: string;
  mode: Mode;
}

/** The languages of `agent/languages.py`. */
// prettier-ignore
export const LANGUAGES = [
  'en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'pl', 'cs', 'uk', 'ru', 'tr', 'ar', 'hi', 'zh',
  'ja', 'ko',
] as const;

/** Of the voice; 1 is its own. */
export const SPEED = { slowest: 0.5, fastest: 2, step: 0.05 } as const;

/** Null for an agent that does not say, or not so that one understands it. */
export function parseTalk(text: string | undefined): Talk | null {
  const { speed, language, mode } = parseFields(text ?? '') ?? {};
  if (typeof speed !== 'number' || typeof language !== 'string') return null;
  if (mode !== 'dialogue' && mode !== 'retelling') return null;
  return { speed, language, mode };
}

/** `de` as those who speak it call it; the code itself where the browser knows no name. */
export function nameOfLanguage(code: string): string {
  try {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
    return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
  } catch {
    return code;
  }
}
