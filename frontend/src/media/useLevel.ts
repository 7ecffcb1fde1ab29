import { type Track, TrackEvent } from 'livekit-client';
import { type RefObject, useEffect } from 'react';
import { fall, loudness } from './level';

const UPDATE_S = 1 / 25;

/**
 * Writes the loudness of an audio track, 0 to 1, into a CSS variable of `target`, past React: a
 * meter must not re-render the page 25 times a second.
 */
export function useLevel(
  track: Track | undefined,
  target: RefObject<HTMLElement | null>,
  variable: `--${string}`,
): void {
  useEffect(() => {
    if (track === undefined) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    const samples = new Float32Array(analyser.fftSize);
    let source: MediaStreamAudioSourceNode | null = null;
    let level = 0;

    const listen = () => {
      source?.disconnect();
      source = context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack]));
      source.connect(analyser);
    };
    const measure = () => {
      if (document.hidden) return;
      analyser.getFloatTimeDomainData(samples);
      const next = track.isMuted ? 0 : fall(level, loudness(samples), UPDATE_S);
      if (next === level) return;
      level = next;
      target.current?.style.setProperty(variable, level.toFixed(2));
    };

    listen();
    track.on(TrackEvent.Restarted, listen); // Another device was chosen.
    const timer = setInterval(measure, UPDATE_S * 1000);
    const element = target.current;
    return () => {
      clearInterval(timer);
      track.off(TrackEvent.Restarted, listen);
      source?.disconnect();
      void context.close();
      element?.style.removeProperty(variable);
    };
  }, [track, target, variable]);
}
