const SILENCE_DB = -55;
const LOUD_DB = -12;

/** Loudness of samples in -1..1 as 0 (silence) to 1 (loud speech), linear in decibels. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(samples.length, 1) + 1e-12);
  return Math.min(Math.max((db - SILENCE_DB) / (LOUD_DB - SILENCE_DB), 0), 1);
}

/** Up at once, down slowly: what an eye takes for a level meter. */
export function fall(previous: number, now: number, seconds: number): number {
  return Math.max(now, previous - seconds * 2.5);
}
