import { Room, RoomEvent, Track } from 'livekit-client';

/**
 * Tells which microphones there are, until what it answers is called. Most browsers name them only
 * once one was allowed: nobody is asked for that here, so they are listed anew when one is published.
 */
export function watchMicrophones(
  room: Room,
  tell: (microphones: MediaDeviceInfo[]) => void,
): () => void {
  // Undefined on a page that is not secure.
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (media === undefined) return () => undefined;
  let over = false;
  const list = () => {
    Room.getLocalDevices('audioinput', false).then(
      (found) => {
        // One without an id stands for all that the browser does not tell.
        if (!over) tell(found.filter(({ deviceId }) => deviceId !== ''));
      },
      () => undefined, // What was listed stays.
    );
  };
  list();
  media.addEventListener('devicechange', list);
  room.on(RoomEvent.LocalTrackPublished, list);
  return () => {
    over = true;
    media.removeEventListener('devicechange', list);
    room.off(RoomEvent.LocalTrackPublished, list);
  };
}

/**
 * Another microphone. LiveKit only notes it where none is published: with `opens`, that one is opened
 * as well.
 */
export async function chooseMicrophone(room: Room, deviceId: string, opens: boolean): Promise<void> {
  await room.switchActiveDevice('audioinput', deviceId);
  const { localParticipant } = room;
  if (opens && localParticipant.getTrackPublication(Track.Source.Microphone) === undefined) {
    await localParticipant.setMicrophoneEnabled(true);
  }
}
