// HeadAudio over a sound without a browser: node headaudio.mjs SOUND (see sound.mjs).
//
// Its node and its worklet run as published, with what they expect of the Web Audio API around them:
// https://www.w3.org/TR/webaudio/#AudioWorklet
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { RATE, SCREEN, print, readSound } from './sound.mjs';

const PACKAGE = '@met4citizen/headaudio';
/** Samples that a worklet gets at a time: https://www.w3.org/TR/webaudio/#render-quantum-size */
const QUANTUM = 128;

let worklet;
const inside = port();
const outside = port();
inside.other = outside;
outside.other = inside;

globalThis.sampleRate = RATE;
globalThis.AudioWorkletProcessor = class {
  port = inside;
};
globalThis.AudioWorkletNode = class {
  port = outside;
};
globalThis.registerProcessor = (_, Worklet) => {
  const parameters = Worklet.parameterDescriptors.map(({ name, defaultValue }) => [
    name,
    Float32Array.of(defaultValue),
  ]);
  worklet = { Worklet, parameters: Object.fromEntries(parameters) };
};
// Node's own fetch knows no files.
globalThis.fetch = async (path) => new Response(readFileSync(path));

await import(`${PACKAGE}/modules/headworklet.mjs`);
const { HeadAudio } = await import(`${PACKAGE}/modules/headaudio.mjs`);

const processor = new worklet.Worklet({ processorOptions: {} });
const head = new HeadAudio(null);
const weights = new Map(head.visemeNames.map((name) => [name, 0]));
head.onvalue = (name, value) => weights.set(name, value);
await head.loadModel(createRequire(import.meta.url).resolve(`${PACKAGE}/dist/model-en-mixed.bin`));

const sound = readSound(process.argv[2]);
let heard = 0;
print(head.visemeNames, sound.length, (seconds) => {
  for (; heard + QUANTUM <= seconds * RATE; heard += QUANTUM) {
    processor.process([[sound.subarray(heard, heard + QUANTUM)]], [], worklet.parameters);
  }
  head.update(1000 / SCREEN);
  return [...weights.values()];
});

/** One end of a channel whose messages arrive at once. */
function port() {
  return {
    onmessage: null,
    postMessage(data) {
      this.other.onmessage?.({ data });
    },
  };
}
