import type { DrawnFace } from '../face/useDrawnFace';
import { FaceIcon } from './icons';
import { Popover } from './Popover';

interface AppearanceProps {
  drawing: DrawnFace;
}

/** How the conversation partner looks, and who draws it. */
export function Appearance({ drawing }: AppearanceProps) {
  if (!drawing.possible) return null;
  return (
    <Popover label="Appearance" icon={<FaceIcon />} testId="appearance">
      <fieldset className="choice">
        <legend>Picture</legend>
        <label>
          <input
            type="radio"
            name="picture"
            data-testid="picture-video"
            checked={!drawing.chosen}
            onChange={() => {
              drawing.choose(false);
            }}
          />
          Video
        </label>
        <label>
          <input
            type="radio"
            name="picture"
            data-testid="picture-drawn"
            checked={drawing.chosen}
            onChange={() => {
              drawing.choose(true);
            }}
          />
          Drawn on this device
          {drawing.view === 'loading' && <span className="spinner" aria-label="Loading" />}
        </label>
      </fieldset>
      <p className="choice__note">
        Drawn here, the picture is as sharp as your screen and needs a hundredth of the network.
      </p>
    </Popover>
  );
}
