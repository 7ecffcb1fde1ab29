import { webAddress } from '../address';
import { parseFields } from '../json';

/** Something to read, or a page to open, beside the conversation: `Card` in `visavis/card.py`. */
export interface Card {
  title: string;
  /** Plain lines; may be empty. */
  text: string;
  link: CardLink | null;
}

export interface CardLink {
  href: string;
  /** As the browser will really look it up, so that a look-alike name is seen for what it is. */
  host: string;
}

/** Throws an `Error` that says what is wrong with it. */
export function parseCard(payload: string): Card {
  const fields = parseFields(payload);
  if (fields === null) throw new Error('a card is a JSON object');
  const { title, text = '', url = null } = fields;
  if (typeof title !== 'string' || title.trim() === '') throw new Error('a card needs a title');
  if (typeof text !== 'string') throw new Error('the text of a card must be text');
  if (url === null) return { title, text, link: null };
  const address = typeof url === 'string' ? webAddress(url) : null;
  if (address === null) throw new Error('the address of a card must begin with https:// or http://');
  return { title, text, link: { href: address.href, host: address.host } };
}
