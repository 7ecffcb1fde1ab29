// A listener in the browser: joins a room, plays what it hears, and notes what came when.
// All times are milliseconds of performance.now(). Needs ear.js, and MOUTH of bench/eyes.py. Read by
// bench/browser.py.

const CELLS = 4; // as bench/calibration.py paints them

class Listener {
  constructor(onset) {
    this.ear = new Ear(onset);
    this.pictures = []; // [expected display, presented so far, mark or mouth, width]
    this.stats = []; // {now, audio, video, playout}: inbound-rtp of either, media-playout
    this.receivers = {};
  }

  async join(url, token) {
    const { Room, RoomEvent } = LivekitClient;
    this.room = new Room();
    this.room.on(RoomEvent.TrackSubscribed, (track) => this.attach(track));
    await this.room.connect(url, token);
    setInterval(() => this.ask(), 1000);
  }

  attach(track) {
    const element = track.attach();
    document.body.append(element);
    this.receivers[track.kind] = track.receiver;
    const { audio, video } = this.receivers;
    if (window.LipSync && audio && video) LipSync.keepLipSync(audio, video);
    if (track.kind === 'video') {
      element.style.cssText = 'width: 512px; height: 512px; display: block';
      this.watch(element);
    } else {
      this.ear.listen(track.mediaStreamTrack);
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
    const [left, right, top, bottom] = MOUTH;
    paint.drawImage(
      video, left * width, top * height, (right - left) * width, (bottom - top) * height,
      0, 0, 14, 12);
    const { data } = paint.getImageData(0, 0, 14, 12);
    let light = 0;
    for (let i = 0; i < data.length; i += 4)
      light += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    return [255 - light / (14 * 12), width];
  }

  async ask() {
    const found = { now: performance.now() };
    for (const [kind, receiver] of Object.entries(this.receivers))
      for (const report of (await receiver.getStats()).values())
        if (report.type === 'inbound-rtp') found[kind] = { ...report };
        else if (report.type === 'media-playout') found.playout = { ...report };
    this.stats.push(found);
  }

  // What was noted since the last time.
  take() {
    const { pictures, stats } = this;
    const { onsets, loudness } = this.ear;
    this.pictures = [];
    this.stats = [];
    this.ear.onsets = [];
    this.ear.loudness = [];
    return { pictures, stats, onsets, loudness };
  }
}

window.listen = async (url, token, reading, onset) => {
  window.listener = new Listener(onset);
  window.listener.reading = reading;
  await window.listener.join(url, token);
};
