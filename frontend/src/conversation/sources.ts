/** What an answer is taken from, as `visavis/knowledge.py` tells it. */

import { fieldsOf, parseFields } from '../json';

export interface Source {
  title: string;
  /** A file's name or a URL. */
  where: string;
  /** Where in the document; may be empty. */
  heading: string;
}

export function isSource(value: unknown): value is Source {
  const source = fieldsOf(value);
  return ['title', 'where', 'heading'].every((name) => typeof source?.[name] === 'string');
}

/** An answer's sources, and what it answers. */
export interface Basis {
  question: string;
  sources: readonly Source[];
}

export const NO_BASIS: Basis = { question: '', sources: [] };

/** Of a message; {@link NO_BASIS} where it is something else. Each place is named once. */
export function parseBasis(text: string): Basis {
  const { question, sources } = parseFields(text) ?? {};
  if (!Array.isArray(sources)) return NO_BASIS;
  const found = new Map<string, Source>();
  for (const source of sources.filter(isSource)) {
    const { title, where, heading } = source;
    const place = JSON.stringify([title, where, heading]);
    if (!found.has(place)) found.set(place, { title, where, heading });
  }
  return { question: typeof question === 'string' ? question : '', sources: [...found.values()] };
}

/** Whether `text` is part of `question`, whatever marks and capitals a later hearing gives it. */
export function asksFor({ question }: Basis, text: string): boolean {
  return ` ${plainWords(question)} `.includes(` ${plainWords(text)} `);
}

function plainWords(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.join(' ');
}
