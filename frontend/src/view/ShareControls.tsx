import type { ReactNode } from 'react';
import type { Shared, Sharing } from '../media/useSharing';
import { CameraIcon, ScreenIcon } from './icons';

/** Lets the agent look through the camera or at the screen. */
export function ShareControls({ sharing: { camera, screen, busy } }: { sharing: Sharing }) {
  return (
    <>
      {camera.possible && (
        <Toggle shared={camera} busy={busy} label="Camera" icon={<CameraIcon />} />
      )}
      {screen.possible && (
        <Toggle shared={screen} busy={busy} label="Screen" icon={<ScreenIcon />} />
      )}
    </>
  );
}

interface ToggleProps {
  shared: Shared;
  busy: boolean;
  label: string;
  icon: ReactNode;
}

function Toggle({ shared: { on, toggle }, busy, label, icon }: ToggleProps) {
  return (
    <button
      type="button"
      className="control control--share"
      data-testid={`share-${label.toLowerCase()}`}
      aria-pressed={on}
      aria-label={`Show ${label.toLowerCase()}`}
      title={on ? `Stop showing your ${label.toLowerCase()}` : `Show your ${label.toLowerCase()}`}
      disabled={busy}
      onClick={toggle}
    >
      {icon}
    </button>
  );
}
