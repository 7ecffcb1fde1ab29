// The part of an AnalyserNode that wawa-lipsync asks: byte frequency data, computed from the sound
// heard so far. Section numbers are of https://www.w3.org/TR/webaudio/.

/** Defaults of section 1.8.4. */
const SMOOTHING = 0.8;
const MIN_DECIBELS = -100;
const MAX_DECIBELS = -30;
/** Blackman's, section 1.8.6. */
const ALPHA = 0.16;

export class Analyser {
  /** @param {() => Float32Array} hear answers what was heard so far */
  constructor(hear) {
    this.#hear = hear;
    this.fftSize = 2048;
  }

  get frequencyBinCount() {
    return this.#size / 2;
  }

  get fftSize() {
    return this.#size;
  }

  set fftSize(size) {
    this.#size = size;
    this.#smoothed = new Float64Array(size / 2);
  }

  /** @param {Uint8Array} into */
  getByteFrequencyData(into) {
    const size = this.#size;
    const heard = this.#hear();
    const real = Float64Array.from({ length: size }, (_, index) => {
      const at = heard.length - size + index;
      return at < 0 ? 0 : heard[at] * blackman(index / size);
    });
    const imaginary = new Float64Array(size);
    transform(real, imaginary);
    for (let bin = 0; bin < size / 2; bin++) {
      const magnitude = Math.hypot(real[bin], imaginary[bin]) / size;
      this.#smoothed[bin] = SMOOTHING * this.#smoothed[bin] + (1 - SMOOTHING) * magnitude;
      const decibels = 20 * Math.log10(this.#smoothed[bin]);
      const share = (decibels - MIN_DECIBELS) / (MAX_DECIBELS - MIN_DECIBELS);
      into[bin] = Math.floor(255 * Math.min(1, Math.max(0, share)));
    }
  }

  #hear;
  #size;
  #smoothed;
}

function blackman(x) {
  const [full, twice] = [Math.cos(2 * Math.PI * x), Math.cos(4 * Math.PI * x)];
  return (1 - ALPHA) / 2 - full / 2 + (ALPHA / 2) * twice;
}

/** Cooley and Tukey's fast Fourier transform in place, radix 2. */
function transform(real, imaginary) {
  const size = real.length;
  const bits = Math.log2(size);
  for (let index = 0; index < size; index++) {
    let mirrored = 0;
    for (let bit = 0; bit < bits; bit++) mirrored |= ((index >> bit) & 1) << (bits - 1 - bit);
    if (mirrored > index) {
      [real[index], real[mirrored]] = [real[mirrored], real[index]];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let even = k; even < size; even += 2 * half) {
        const odd = even + half;
        const x = real[odd] * cos - imaginary[odd] * sin;
        const y = real[odd] * sin + imaginary[odd] * cos;
        [real[odd], imaginary[odd]] = [real[even] - x, imaginary[even] - y];
        real[even] += x;
        imaginary[even] += y;
      }
    }
  }
}
