/** What was said and typed, as data. */

import type { FileFate } from './files';
import type { Source } from './sources';

export interface Line {
  /** Of the speech segment, or of the message. */
  id: string;
  who: 'you' | 'agent';
  how: 'spoken' | 'typed';
  text: string;
  /** ISO 639-1: what the agent speaks in, as far as it says. */
  language?: string;
  /** open: more of it may come. failed: typed, but never arrived. */
  state: 'open' | 'done' | 'failed';
  /** What an answer is taken from. */
  sources?: readonly Source[];
  /** The text is the name of a file that was given. */
  file?: FileFate;
}

/** Lines with `line` in its place: the one it continues, or the end. Blank new lines are dropped. */
export function withLine(lines: readonly Line[], line: Line): readonly Line[] {
  const index = lines.findIndex(({ id }) => id === line.id);
  if (index === -1) return line.text.trim() === '' ? lines : [...lines, line];
  return lines.with(index, line);
}

/** Nothing that is open goes on after the line is cut. */
export function withAllClosed(lines: readonly Line[]): readonly Line[] {
  return lines.map((line) => (line.state === 'open' ? { ...line, state: 'done' } : line));
}

/**
 * The line that belongs under the picture: the latest, as long as it was spoken; what is typed or
 * given meanwhile does not end what the agent still says.
 */
export function captionOf(lines: readonly Line[]): Line | null {
  const last = lines.at(-1);
  if (last?.how !== 'typed') return last ?? null;
  const speaks = ({ who, how, state }: Line) =>
    who === 'agent' && how === 'spoken' && state === 'open';
  return lines.findLast(speaks) ?? null;
}

/**
 * The line that a screen reader is told, sentence by sentence: the latest that was spoken. It stays
 * when it has ended behind what was typed, or its last sentence would never be told.
 */
export function toldOf(lines: readonly Line[]): Line | null {
  return lines.findLast(({ how }) => how === 'spoken') ?? null;
}
