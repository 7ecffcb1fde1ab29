const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a text that is still growing; its last one only when `done`. */
export function finishedSentences(text: string, done: boolean): string[] {
  const sentences = Array.from(segmenter.segment(text), ({ segment }) => segment.trim());
  return (done ? sentences : sentences.slice(0, -1)).filter((sentence) => sentence !== '');
}

/** Words, each with the space before it. */
export function words(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
