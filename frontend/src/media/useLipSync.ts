import { RemoteTrack, type Track } from 'livekit-client';
import { useEffect } from 'react';
import { keepLipSync } from './lipSync';

/** Keeps the picture with its sound while both are there. */
export function useLipSync(audio: Track | undefined, video: Track | undefined): void {
  useEffect(() => {
    if (!(audio instanceof RemoteTrack) || !(video instanceof RemoteTrack)) return;
    if (audio.receiver === undefined || video.receiver === undefined) return;
    return keepLipSync(audio.receiver, video.receiver);
  }, [audio, video]);
}
