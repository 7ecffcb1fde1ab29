import { useAudioPlayback, useRoomContext } from '@livekit/components-react';
import { RoomEvent } from 'livekit-client';
import { useCallback, useSyncExternalStore } from 'react';
import { heldBack } from './playback';

export interface Playback {
  /** What the browser holds back until the person touches the page; null: nothing. */
  held: 'sound' | 'picture' | null;
  start: () => void;
}

/** `hasPicture`: the page shows a video. */
export function usePlayback(hasPicture: boolean): Playback {
  const room = useRoomContext();
  const { canPlayAudio } = useAudioPlayback(room);
  const subscribe = useCallback(
    (changed: () => void) => {
      room.on(RoomEvent.VideoPlaybackStatusChanged, changed);
      return () => {
        room.off(RoomEvent.VideoPlaybackStatusChanged, changed);
      };
    },
    [room],
  );
  const canPlayVideo = useSyncExternalStore(subscribe, () => room.canPlaybackVideo);

  const start = useCallback(() => {
    for (const started of [room.startAudio(), room.startVideo()]) {
      started.catch(() => undefined); // Still refused: the button stays.
    }
  }, [room]);

  return { held: heldBack({ sound: canPlayAudio, picture: canPlayVideo }, hasPicture), start };
}
