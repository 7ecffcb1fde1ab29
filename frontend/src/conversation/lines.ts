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

/** The line that belongs under the picture: the latest, as long as it was spoken. */
export function captionOf(lines: readonly Line[]): Line | null {
  const last = lines.at(-1);
  return last?.how === 'spoken' ? last : null;
}
