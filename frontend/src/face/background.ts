/** What is behind the face, as the avatar's attribute has it. */

export interface Background {
  /** `#rrggbb`. */
  colour: string;
  /** Of a gradient: its lower end. Null for one colour, softly lit. */
  bottom: string | null;
}

/** The avatar worker's own, and what stands in for a picture, which only the video shows. */
export const USUAL_BACKGROUND = '#d9dee6';

const COLOURS = /^(#[0-9a-f]{6})(?:\.\.(#[0-9a-f]{6}))?$/i;

export function parseBackground(text: string | undefined): Background {
  const [, colour, bottom] = COLOURS.exec(text ?? '') ?? [];
  if (colour === undefined) return { colour: USUAL_BACKGROUND, bottom: null };
  return { colour: colour.toLowerCase(), bottom: bottom?.toLowerCase() ?? null };
}
