// What a person is given to hear of one track, and when. Times are milliseconds of
// performance.now() at which the browser's output took the sound out of the jitter buffer; the
// output's own latency comes on top. Web Audio would not do: what stands between a track and an
// AudioContext grows by tens of milliseconds in a minute.

class Ear {
  // onset: level, full scale 1, above which a sound begins; not again within half a second.
  constructor(onset = Infinity) {
    this.onset = onset;
    this.onsets = []; // when each began
    this.loudness = []; // [the middle of a piece, its rms]
    this.lead = Infinity; // from the stamps' clock to performance.now(): the quickest arrival tells
    this.last = -Infinity;
  }

  async listen(track) {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 200 }).readable.getReader();
    let samples = new Float32Array(0);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const stamp = value.timestamp / 1000;
      this.lead = Math.min(this.lead, performance.now() - stamp);
      if (samples.length !== value.numberOfFrames) samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      this.note(samples, stamp + this.lead, 1000 / value.sampleRate);
      value.close();
    }
  }

  note(samples, start, step) {
    let sum = 0;
    for (let i = 0; i < samples.length; i++) {
      const at = start + i * step;
      if (Math.abs(samples[i]) > this.onset && at - this.last > 500) {
        this.last = at;
        this.onsets.push(at);
      }
      sum += samples[i] * samples[i];
    }
    this.loudness.push([start + (samples.length / 2) * step, Math.sqrt(sum / samples.length)]);
  }
}
