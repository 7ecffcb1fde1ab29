// A listener in the browser: joins a room, plays what it hears, and notes what came when.
// All times are milliseconds of performance.now(). Read by bench/browser.py.

const CELLS = 4; // as bench/calibration.py paints them
const MOUTH = [58 / 128, 70 / 128, 14 / 128, 12 / 128]; // left, top, width, height of the picture

const WORKLET = `
registerProcessor('ear', class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.last = -Infinity;
    this.sum = 0; this.count = 0;
  }
  process([input]) {
    const sound = input[0] ?? new Float32Array(128);
    for (let i = 0; i < sound.length; i++) {
      const x = Math.abs(sound[i]);
      const at = currentFrame + i;
      if (x > ONSET_LEVEL && at - this.last > 0.5 * sampleRate) {
        this.last = at;
        this.port.postMessage({ onset: at / sampleRate });
      }
      this.sum += x * x;
    }
    this.count += sound.length;
    if (this.count >= 0.01 * sampleRate) {
      const end = (currentFrame + sound.length) / sampleRate;
      this.port.postMessage({ end, seconds: this.count / sampleRate, rms: Math.sqrt(this.sum / this.count) });
      this.sum = 0; this.count = 0;
    }
    return true;
  }
});`;

class Listener {
  constructor(onset) {
    this.onset = onset;
    this.pictures = []; // [expected display, presented so far, mark or mouth, width]
    this.onsets = []; // context seconds
    this.loudness = []; // [context seconds of the middle, rms]
    this.clock = []; // [context seconds, performance ms of their output, output latency in s]
    this.stats = []; // [now, audio playout, video playout (NTP ms), …]
    this.receivers = {};
  }

  async join(url, token) {
    const { Room, RoomEvent } = LivekitClient;
    this.context = new AudioContext({ sampleRate: 48000 });
    const source = WORKLET.replace('ONSET_LEVEL', this.onset);
    const module = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    await this.context.audioWorklet.addModule(module);
    this.room = new Room();
    this.room.on(RoomEvent.TrackSubscribed, (track) => this.attach(track));
    await this.room.connect(url, token);
    setInterval(() => this.note(), 100);
    setInterval(() => this.ask(), 1000);
  }

  attach(track) {
    const element = track.attach();
    document.body.append(element);
    this.receivers[track.kind] = track.receiver;
    if (track.kind === 'video') {
      element.style.cssText = 'width: 512px; height: 512px; display: block';
      this.watch(element);
    } else {
      const ear = new AudioWorkletNode(this.context, 'ear', { numberOfOutputs: 1 });
      ear.port.onmessage = ({ data }) => {
        if ('onset' in data) this.onsets.push(data.onset);
        else this.loudness.push([data.end - data.seconds / 2, data.rms]);
      };
      const silent = new GainNode(this.context, { gain: 0 });
      this.context
        .createMediaStreamSource(new MediaStream([track.mediaStreamTrack]))
        .connect(ear).connect(silent).connect(this.context.destination);
    }
  }

  watch(video) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 64;
    const paint = canvas.getContext('2d', { willReadFrequently: true });
    const see = (now, picture) => {
      const [value, width] =
        this.reading === 'none' ? [null, video.videoWidth] : this.look(paint, video);
      this.pictures.push([picture.expectedDisplayTime, picture.presentedFrames, value, width]);
      video.requestVideoFrameCallback(see);
    };
    video.requestVideoFrameCallback(see);
  }

  look(paint, video) {
    const width = video.videoWidth, height = video.videoHeight;
    if (this.reading === 'marks') {
      paint.drawImage(video, 0, 0, 64, 64);
      const { data } = paint.getImageData(0, 0, 64, 64);
      let bits = 0;
      for (let cell = 0; cell < CELLS * CELLS; cell++) {
        const x = (2 * (cell % CELLS) + 1) * 8, y = (2 * Math.floor(cell / CELLS) + 1) * 8;
        if (data[4 * (64 * y + x) + 1] > 128) bits |= 1 << cell;
      }
      return [bits, width];
    }
    const [left, top, across, down] = MOUTH;
    paint.drawImage(
      video, left * width, top * height, across * width, down * height, 0, 0, 14, 12);
    const { data } = paint.getImageData(0, 0, 14, 12);
    let light = 0;
    for (let i = 0; i < data.length; i += 4)
      light += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    return [255 - light / (14 * 12), width];
  }

  note() {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    if (contextTime) this.clock.push([contextTime, performanceTime, this.context.outputLatency]);
  }

  async ask() {
    const found = { now: performance.now() };
    for (const [kind, receiver] of Object.entries(this.receivers))
      for (const report of (await receiver.getStats()).values())
        if (report.type === 'inbound-rtp') found[kind] = { ...report };
    this.stats.push(found);
  }

  // What was noted since the last time.
  take() {
    const taken = {};
    for (const name of ['pictures', 'onsets', 'loudness', 'clock', 'stats']) {
      taken[name] = this[name];
      this[name] = [];
    }
    return taken;
  }
}

window.listen = async (url, token, reading, onset) => {
  window.listener = new Listener(onset);
  window.listener.reading = reading;
  await window.listener.join(url, token);
};
