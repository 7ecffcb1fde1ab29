// Sound in, visemes out: what both JavaScript peers need around them.
import { readFileSync } from 'node:fs';

export const FPS = 30;
/** Hz of the animation that the peers are asked from, a browser's. */
export const SCREEN = 60;
/** Hz at which browsers run an AudioContext, and at which both libraries were tuned. */
export const RATE = 48_000;
const SOURCE_RATE = 16_000;
const FACTOR = RATE / SOURCE_RATE;
/** Source samples on either side that a sample between them is made of. */
const REACH = 16;

/**
 * Reads raw mono at 16 kHz and answers it at {@link RATE} as a browser's decoder would, through a
 * sinc under a Hann window.
 * @param {string} path `.f32`: float32, full scale 1; anything else: int16. Little-endian both.
 * @returns {Float32Array}
 */
export function readSound(path) {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  const source = path.endsWith('.f32')
    ? new Float32Array(bytes)
    : Float32Array.from(new Int16Array(bytes), (sample) => sample / 32_768);
  return Float32Array.from({ length: source.length * FACTOR }, (_, index) => {
    const first = Math.floor(index / FACTOR) - REACH + 1;
    let sum = 0;
    for (let at = Math.max(0, first); at < Math.min(source.length, first + 2 * REACH); at++) {
      const away = index / FACTOR - at;
      const hann = 0.5 + 0.5 * Math.cos((Math.PI * away) / REACH);
      sum += source[at] * hann * sinc(away);
    }
    return sum;
  });
}

/**
 * Prints `{fps, names, weights}` of a sound: row k is what a page draws at k/30 s, when it has heard
 * the first k/30 s and no more.
 * @param {string[]} names
 * @param {number} length samples at {@link RATE}
 * @param {(seconds: number) => number[]} draw called {@link SCREEN} times a second, from 0 s on
 */
export function print(names, length, draw) {
  const weights = [];
  const step = SCREEN / FPS;
  const frames = Math.floor((length * FPS) / RATE);
  for (let tick = 0; tick < frames * step; tick++) {
    const drawn = draw(tick / SCREEN);
    if (tick % step === 0) weights.push(drawn);
  }
  process.stdout.write(JSON.stringify({ fps: FPS, names, weights }));
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
