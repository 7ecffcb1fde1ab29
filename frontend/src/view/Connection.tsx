import {
  useConnectionQualityIndicator,
  useConnectionState,
  useLocalParticipant,
} from '@livekit/components-react';
import { ConnectionQuality, ConnectionState } from 'livekit-client';

const QUALITIES: Readonly<Record<ConnectionQuality, { label: string; bars: number }>> = {
  [ConnectionQuality.Excellent]: { label: 'Connection: excellent', bars: 3 },
  [ConnectionQuality.Good]: { label: 'Connection: good', bars: 2 },
  [ConnectionQuality.Poor]: { label: 'Connection: poor', bars: 1 },
  [ConnectionQuality.Lost]: { label: 'Connection: lost', bars: 0 },
  [ConnectionQuality.Unknown]: { label: 'Connected', bars: 3 },
};

export function Connection() {
  const { localParticipant } = useLocalParticipant();
  const { quality } = useConnectionQualityIndicator({ participant: localParticipant });
  const state = useConnectionState();
  const { label, bars } =
    state === ConnectionState.Connected
      ? QUALITIES[quality]
      : { label: state === ConnectionState.Disconnected ? 'Disconnected' : 'Connecting', bars: 0 };
  return (
    <span
      className="connection"
      data-testid="connection"
      data-state={state}
      data-quality={quality}
      title={label}
    >
      <svg viewBox="0 0 20 16" width="20" height="16" aria-hidden="true">
        {[0, 1, 2].map((bar) => (
          <rect
            key={bar}
            className={bar < bars ? 'connection__bar connection__bar--lit' : 'connection__bar'}
            x={2 + bar * 6}
            y={10 - bar * 4}
            width="4"
            height={5 + bar * 4}
            rx="1.5"
          />
        ))}
      </svg>
      <span className="sr-only">{label}</span>
    </span>
  );
}
