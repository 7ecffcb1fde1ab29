import { usePlayback } from '../media/usePlayback';
import { SoundIcon } from './icons';

/**
 * Browsers may hold sound back until the person touches the page, and on a phone that saves power the
 * picture too.
 */
export function StartPlayback({ hasPicture }: { hasPicture: boolean }) {
  const { held, start } = usePlayback(hasPicture);
  if (held === null) return null;
  return (
    <button
      type="button"
      className="button button--primary"
      data-testid="start-playback"
      onClick={start}
    >
      {held === 'sound' && <SoundIcon />}
      {held === 'sound' ? 'Turn on sound' : 'Show the face'}
    </button>
  );
}
