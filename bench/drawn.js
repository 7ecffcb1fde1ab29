// Notes what the person's own page shows and sounds like. All times are milliseconds of
// performance.now(). Needs ear.js, and MOUTH of bench/eyes.py. Read by
// bench/drawn.py.

class PageNotes {
  pictures = []; // [when it is seen, how dark the mouth is]
  ear = new Ear();
  #heard = new Set();

  begin() {
    setInterval(() => this.#listen(), 200);
    this.canvas = document.createElement('canvas');
    this.canvas.width = 14;
    this.canvas.height = 12;
    this.paint = this.canvas.getContext('2d', { willReadFrequently: true });
    this.look();
  }

  #listen() {
    for (const { srcObject } of document.querySelectorAll('audio')) {
      if (!srcObject?.getAudioTracks().length || this.#heard.has(srcObject)) continue;
      this.#heard.add(srcObject);
      this.ear.listen(srcObject.getAudioTracks()[0]);
    }
  }

  // Anew after the page has changed over: a frame's callbacks run in the order of their asking, and
  // a picture of WebGL's can be read only after it was drawn and before it is shown.
  look() {
    cancelAnimationFrame(this.request);
    setTimeout(() => {
      const step = (now) => {
        this.request = requestAnimationFrame(step);
        const drawn = document.querySelector('[data-testid="drawn-face"] canvas');
        const video = document.querySelector('[data-testid="avatar-video"]');
        const source = drawn ?? video;
        const width = source?.videoWidth ?? source?.width;
        const height = source?.videoHeight ?? source?.height;
        if (!width || !height) return;
        const [left, right, top, bottom] = MOUTH;
        this.paint.drawImage(
          source, left * width, top * height, (right - left) * width, (bottom - top) * height,
          0, 0, 14, 12);
        const { data } = this.paint.getImageData(0, 0, 14, 12);
        let light = 0;
        for (let i = 0; i < data.length; i += 4)
          light += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
        this.pictures.push([now + 1000 / 60, 255 - light / (14 * 12)]);
      };
      this.request = requestAnimationFrame(step);
    }, 50);
  }

  async traffic() {
    const found = { video: 0, audio: 0, weights: 0, packets: 0 };
    for (const peer of window.peers ?? [])
      for (const report of (await peer.getStats()).values()) {
        if (report.type === 'inbound-rtp') found[report.kind] += report.bytesReceived + report.headerBytesReceived;
        if (report.type === 'data-channel' && report.label === '_lossy') {
          found.weights += report.bytesReceived;
          found.packets += report.messagesReceived;
        }
      }
    return found;
  }

  async playout() {
    for (const peer of window.peers ?? [])
      for (const report of (await peer.getStats()).values())
        if (report.type === 'media-playout') return { ...report };
    return {};
  }

  take() {
    const { pictures } = this;
    const { loudness } = this.ear;
    this.pictures = [];
    this.ear.loudness = [];
    return { pictures, loudness };
  }
}

window.notes = new PageNotes();
