import { useRef } from 'react';
import { useLevel } from '../media/useLevel';
import type { Microphone } from '../media/useMicrophone';
import { ChevronIcon, MicIcon } from './icons';

/** On and off, how loud it hears you, and which one it is. */
export function MicrophoneControl({ microphone }: { microphone: Microphone }) {
  const { on, busy, track, devices, deviceId, toggle, choose } = microphone;
  const button = useRef<HTMLButtonElement>(null);
  useLevel(on ? track : undefined, button, '--level');
  const label = on ? 'Turn the microphone off' : 'Turn the microphone on';
  return (
    <div className="microphone" data-on={on} data-busy={busy}>
      <button
        type="button"
        className="control control--mic"
        data-testid="mic-toggle"
        data-on={on}
        ref={button}
        aria-label={label}
        title={label}
        disabled={busy}
        onClick={toggle}
      >
        <MicIcon off={!on && !busy} />
        <span className="meter" data-testid="mic-level" aria-hidden="true">
          <i />
          <i />
          <i />
          <i />
        </span>
      </button>
      <label className="microphone__choice">
        <span className="sr-only">Microphone</span>
        <ChevronIcon />
        <select
          data-testid="mic-select"
          title="Choose a microphone"
          value={deviceId}
          disabled={devices.length === 0 || busy}
          onChange={({ target }) => {
            choose(target.value);
          }}
        >
          {devices.map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `Microphone ${index + 1}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
