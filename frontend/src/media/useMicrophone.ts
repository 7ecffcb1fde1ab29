import { useLocalParticipant } from '@livekit/components-react';
import { RoomEvent, type Track } from 'livekit-client';
import { useCallback, useEffect, useState } from 'react';
import { diagnoseMicrophone } from '../call/microphone';
import type { Call } from '../call/openCall';
import type { MicrophoneProblem } from '../call/problems';
import { chooseMicrophone, watchMicrophones } from './microphones';

export interface Microphone {
  on: boolean;
  /** Opening, or being switched. */
  busy: boolean;
  problem: MicrophoneProblem | null;
  track: Track | undefined;
  devices: MediaDeviceInfo[];
  deviceId: string;
  /** On or off; where there was a problem: try again. */
  toggle: () => void;
  choose: (deviceId: string) => void;
  dismissProblem: () => void;
}

/** The microphone of an open call. */
export function useMicrophone({ room, microphone }: Call): Microphone {
  const { isMicrophoneEnabled, microphoneTrack, localParticipant } = useLocalParticipant();
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState<MicrophoneProblem | null>(null);
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [deviceId, setDeviceId] = useState(room.getActiveDevice('audioinput') ?? 'default');

  useEffect(() => watchMicrophones(room, setDevices), [room]);

  useEffect(() => {
    const follow = (kind: MediaDeviceKind, active: string) => {
      if (kind === 'audioinput') setDeviceId(active);
    };
    room.on(RoomEvent.ActiveDeviceChanged, follow);
    return () => {
      room.off(RoomEvent.ActiveDeviceChanged, follow);
    };
  }, [room]);

  useEffect(() => {
    let current = true;
    void microphone.then((found) => {
      if (!current) return;
      setProblem(found);
      setBusy(false);
    });
    return () => {
      current = false;
    };
  }, [microphone]);

  const attempt = useCallback((action: () => Promise<unknown>) => {
    setBusy(true);
    action()
      .then(
        () => {
          setProblem(null);
        },
        (error: unknown) => {
          setProblem(diagnoseMicrophone(error));
        },
      )
      .finally(() => {
        setBusy(false);
      });
  }, []);

  const toggle = useCallback(() => {
    attempt(() => localParticipant.setMicrophoneEnabled(!isMicrophoneEnabled));
  }, [attempt, localParticipant, isMicrophoneEnabled]);

  const choose = useCallback(
    (chosen: string) => {
      // Whoever has it off, chooses for later; where it did not open, this is another attempt.
      attempt(() => chooseMicrophone(room, chosen, problem !== null));
    },
    [attempt, room, problem],
  );

  const dismissProblem = useCallback(() => {
    setProblem(null);
  }, []);

  return {
    on: isMicrophoneEnabled,
    busy,
    problem,
    track: microphoneTrack?.track,
    devices,
    deviceId,
    toggle,
    choose,
    dismissProblem,
  };
}
