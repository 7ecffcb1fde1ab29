import { type TrackReference, useLocalParticipant, useTracks } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { useCallback, useState } from 'react';
import type { Agent } from '../agent/useAgent';
import { wasClosed } from './picker';

export interface Shared {
  /** Offered: the browser can, and somebody is there who sees. */
  possible: boolean;
  on: boolean;
  toggle: () => void;
}

export interface Sharing {
  camera: Shared;
  screen: Shared;
  /** The browser is asking, or one is being switched. */
  busy: boolean;
  problem: 'camera' | 'screen' | null;
  dismissProblem: () => void;
  /** What the agent sees of this person. */
  tracks: TrackReference[];
}

/** The agent looks at one picture an answer; more than this would only cost. */
const RESOLUTION = { width: 1280, height: 720, frameRate: 5 };

/** Camera and screen of this person, for an agent that sees. */
export function useSharing({ sees }: Agent): Sharing {
  const { localParticipant, isCameraEnabled, isScreenShareEnabled } = useLocalParticipant();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Sharing['problem']>(null);
  const tracks = useTracks([Track.Source.Camera, Track.Source.ScreenShare]).filter(
    ({ participant, publication }) => participant.isLocal && !publication.isMuted,
  );

  const attempt = useCallback((what: 'camera' | 'screen', action: () => Promise<unknown>) => {
    const pressed = performance.now();
    setBusy(true);
    action()
      .then(
        () => {
          setProblem(null);
        },
        (error: unknown) => {
          const closed = what === 'screen' && wasClosed(error, performance.now() - pressed);
          setProblem(closed ? null : what);
        },
      )
      .finally(() => {
        setBusy(false);
      });
  }, []);

  return {
    camera: {
      possible: isCameraEnabled || (sees && can('getUserMedia')),
      on: isCameraEnabled,
      toggle: () => {
        attempt('camera', () =>
          localParticipant.setCameraEnabled(!isCameraEnabled, { resolution: RESOLUTION }),
        );
      },
    },
    screen: {
      possible: isScreenShareEnabled || (sees && can('getDisplayMedia')),
      on: isScreenShareEnabled,
      toggle: () => {
        attempt('screen', () =>
          localParticipant.setScreenShareEnabled(!isScreenShareEnabled, { resolution: RESOLUTION }),
        );
      },
    },
    busy,
    problem,
    dismissProblem: () => {
      setProblem(null);
    },
    tracks,
  };
}

/** Phones share no screen, and pages that are not secure share nothing. */
function can(name: 'getUserMedia' | 'getDisplayMedia'): boolean {
  const devices = navigator.mediaDevices as Partial<MediaDevices> | undefined;
  return typeof devices?.[name] === 'function';
}
