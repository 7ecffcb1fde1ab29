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

/** The sources in a message; none where it is something else. Each place is named once. */
export function parseSources(text: string): readonly Source[] {
  const sources = parseFields(text)?.sources;
  if (!Array.isArray(sources)) return [];
  const found = new Map<string, Source>();
  for (const source of sources.filter(isSource)) {
    const { title, where, heading } = source;
    const place = JSON.stringify([title, where, heading]);
    if (!found.has(place)) found.set(place, { title, where, heading });
  }
  return [...found.values()];
}
