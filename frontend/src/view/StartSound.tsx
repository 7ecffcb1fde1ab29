import { useAudioPlayback, useRoomContext } from '@livekit/components-react';
import { SoundIcon } from './icons';

/** Browsers may hold sound back until the person touches the page. */
export function StartSound() {
  const { canPlayAudio, startAudio } = useAudioPlayback(useRoomContext());
  if (canPlayAudio) return null;
  return (
    <button
      type="button"
      className="button button--primary"
      data-testid="start-sound"
      onClick={() => {
        startAudio().catch(() => undefined); // Still refused: the button stays.
      }}
    >
      <SoundIcon />
      Turn on sound
    </button>
  );
}
