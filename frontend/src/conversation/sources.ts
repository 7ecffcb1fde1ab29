/** What an answer is taken from, as `visavis/knowledge.py` tells it. */

export interface Source {
  title: string;
  /** A file's name or a URL. */
  where: string;
  /** Where in the document; may be empty. */
  heading: string;
}

export function isSource(value: unknown): value is Source {
  if (typeof value !== 'object' || value === null) return false;
  return ['title', 'where', 'heading'].every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'string',
  );
}

/** The sources in a message; none where it is something else. Each place is named once. */
export function parseSources(text: string): readonly Source[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof data !== 'object' || data === null || !('sources' in data)) return [];
  if (!Array.isArray(data.sources)) return [];
  const found = new Map<string, Source>();
  for (const source of data.sources.filter(isSource)) {
    const { title, where, heading } = source;
    const place = JSON.stringify([title, where, heading]);
    if (!found.has(place)) found.set(place, { title, where, heading });
  }
  return [...found.values()];
}
