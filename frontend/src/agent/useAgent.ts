import {
  type AgentState,
  type TrackReference,
  useParticipantTracks,
  useRemoteParticipants,
  useVoiceAssistant,
} from '@livekit/components-react';
import { type RemoteParticipant, Track } from 'livekit-client';
import {
  ATTRIBUTE_FEATURES,
  ATTRIBUTE_PUBLISH_ON_BEHALF,
  ATTRIBUTE_SEES,
  FEATURE_APPEARANCE,
  FEATURE_WEIGHTS,
  type FaceState,
} from '../protocol';
import { faceStateOf, type Part, partsInUse } from './info';

export interface Agent {
  participant: RemoteParticipant | undefined;
  state: AgentState;
  face: FaceState | null;
  /** Who shows the face, where there is one. */
  avatar: RemoteParticipant | undefined;
  /** Its weights can be had, to draw it from. */
  drawable: boolean;
  /** It can be asked to look different. */
  changeable: boolean;
  /** It looks at what it is shown. */
  sees: boolean;
  /** Files can be given to it. */
  takesFiles: boolean;
  parts: Part[];
  audio: TrackReference | undefined;
  /** Only while there is a picture to show. */
  video: TrackReference | undefined;
}

/** The conversation partner: the agent and the avatar that publishes on its behalf, as one. */
export function useAgent(): Agent {
  const { agent, state, audioTrack, videoTrack } = useVoiceAssistant();
  // Renders again with every change of an attribute, the agent's own included.
  const avatar = useRemoteParticipants().find(
    ({ attributes }) =>
      agent !== undefined && attributes[ATTRIBUTE_PUBLISH_ON_BEHALF] === agent.identity,
  );
  const shown = videoTrack?.publication.track !== undefined && !videoTrack.publication.isMuted;
  const face = faceStateOf(agent?.attributes);
  const shows = face === 'present' || face === null;
  // The agent keeps a track of its own ready, silent as long as it speaks through the face.
  const [faceAudio] = useParticipantTracks([Track.Source.Microphone], avatar?.identity ?? '');
  return {
    participant: agent,
    state,
    face,
    avatar,
    drawable: shows && offers(avatar, FEATURE_WEIGHTS),
    changeable: shows && offers(avatar, FEATURE_APPEARANCE),
    sees: agent?.attributes[ATTRIBUTE_SEES] === 'true',
    takesFiles: agent?.attributes[ATTRIBUTE_SEES] !== undefined,
    parts: partsInUse(agent?.attributes, avatar?.attributes),
    audio: face === 'present' && faceAudio ? faceAudio : audioTrack,
    video: shown ? videoTrack : undefined,
  };
}

function offers(avatar: RemoteParticipant | undefined, feature: string): boolean {
  return avatar?.attributes[ATTRIBUTE_FEATURES]?.split(' ').includes(feature) ?? false;
}
