import { fieldsOf } from '../json';

/** What an avatar can be asked to feel; the names are `visavis/emotion.py`'s. */
export const EMOTIONS = ['neutral', 'happy', 'calm', 'surprised', 'sad', 'angry'] as const;

/** Backgrounds to choose from with one press. */
export const BACKGROUNDS = [
  { name: 'Mist', value: '#d9dee6' },
  { name: 'Sand', value: '#e6d9c6' },
  { name: 'Sage', value: '#b9c7b4' },
  { name: 'Night', value: '#2b3240' },
  { name: 'Dusk', value: '#5b6fa8..#e9a27c' },
] as const;

/** The names in the gateway's index of heads; none where it is something else. */
export function parseHeads(index: unknown): readonly string[] {
  const heads = fieldsOf(index)?.heads;
  return Array.isArray(heads) ? heads.filter((name): name is string => typeof name === 'string') : [];
}

/** Whether the page may draw those heads itself: a plug-in's it cannot, whatever they are called. */
export function parseDrawable(index: unknown): boolean {
  return fieldsOf(index)?.drawable !== false;
}

/** `amy` as a person reads it. */
export function titleOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
