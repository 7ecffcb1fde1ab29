// wawa-lipsync over a sound without a browser: node wawa.mjs SOUND (see sound.mjs).
import { Analyser } from './analyser.mjs';
import { RATE, print, readSound } from './sound.mjs';

/** Share of the way that a viseme goes in a 60th of a second, as in the library's own demo. */
const EASE = { vowel: { rise: 0.2, fall: 0.1 }, other: { rise: 0.4, fall: 0.2 } };

const sound = readSound(process.argv[2]);
let now = 0;

globalThis.performance = { now: () => now * 1000 };
globalThis.window = {
  AudioContext: class {
    sampleRate = RATE;
    createAnalyser() {
      return new Analyser(() => sound.subarray(0, Math.floor(now * RATE)));
    }
  },
};

const { Lipsync, VISEMES } = await import('wawa-lipsync');
const lipsync = new Lipsync();
const names = Object.values(VISEMES);
const weights = new Array(names.length).fill(0);

print(names, sound.length, (seconds) => {
  now = seconds;
  lipsync.processAudio();
  const { rise, fall } = lipsync.state === 'vowel' ? EASE.vowel : EASE.other;
  names.forEach((name, index) => {
    if (name === lipsync.viseme) weights[index] += (1 - weights[index]) * rise;
    else weights[index] -= weights[index] * fall;
  });
  return [...weights];
});
