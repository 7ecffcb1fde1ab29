import { type TrackReference, useConnectionState, VideoTrack } from '@livekit/components-react';
import { ConnectionState } from 'livekit-client';
import { useRef, useState } from 'react';
import type { Agent } from '../agent/useAgent';
import type { CallProblem } from '../call/problems';
import { useLevel } from '../media/useLevel';
import type { Microphone } from '../media/useMicrophone';
import type { DrawnFace as Drawing } from '../face/useDrawnFace';
import { ATTRIBUTE_BACKGROUND, ATTRIBUTE_HEAD } from '../protocol';
import { AgentState } from './AgentState';
import { DrawnFace } from './DrawnFace';
import { FaceState } from './FaceState';
import { Presence } from './Presence';
import { ProblemCard } from './ProblemCard';
import { StartPlayback } from './StartPlayback';

interface StageProps {
  agent: Agent;
  drawing: Drawing;
  microphone: Microphone;
  /** What the agent is shown. */
  shared: readonly TrackReference[];
  problem: CallProblem | null;
  onRestart: () => void;
  onHangUp: () => void;
}

function Voices({ agent, microphone }: Pick<StageProps, 'agent' | 'microphone'>) {
  const levels = useRef<HTMLDivElement>(null);
  useLevel(agent.audio?.publication.track, levels, '--voice');
  useLevel(microphone.track, levels, '--you-level');
  return <Presence levels={levels} breathing={agent.state !== 'speaking'} />;
}

interface FaceProps {
  video: NonNullable<Agent['video']>;
  onPlaying: () => void;
}

function Face({ video, onPlaying }: FaceProps) {
  const [playing, setPlaying] = useState(false);
  return (
    <VideoTrack
      className="stage__video"
      data-testid="avatar-video"
      data-playing={playing}
      aria-label="The face of your conversation partner"
      trackRef={video}
      onPlaying={() => {
        setPlaying(true);
        onPlaying();
      }}
    />
  );
}

/** The conversation partner, large: its face, or its voice where there is none. */
export function Stage(props: StageProps) {
  const { agent, drawing, microphone, shared, problem, onRestart, onHangUp } = props;
  const connection = useConnectionState();
  const reconnecting =
    connection === ConnectionState.Reconnecting || connection === ConnectionState.SignalReconnecting;
  const head = agent.avatar?.attributes[ATTRIBUTE_HEAD];
  const draws = drawing.view !== 'video' && head !== undefined;
  const isDrawn = draws && drawing.view !== 'loading';
  return (
    <div className="stage" data-face={isDrawn ? 'drawn' : agent.video ? 'video' : 'voice'}>
      {problem !== null ? (
        <div className="stage__problem">
          <ProblemCard
            key={problem.kind}
            problem={problem}
            onRetry={onRestart}
            onLeave={onHangUp}
          />
        </div>
      ) : (
        <>
          {agent.video ? (
            <Face
              key={agent.video.publication.trackSid}
              video={agent.video}
              onPlaying={drawing.onVideoPlaying}
            />
          ) : (
            !isDrawn && <Voices agent={agent} microphone={microphone} />
          )}
          {draws && (
            <DrawnFace
              head={head}
              background={agent.avatar?.attributes[ATTRIBUTE_BACKGROUND]}
              timeline={drawing.timeline}
              onReady={drawing.onReady}
              onFailed={drawing.onFailed}
            />
          )}
        </>
      )}
      {problem === null && shared.length > 0 && (
        <div className="stage__shared" data-testid="shared">
          {shared.map((track) => (
            <VideoTrack
              key={track.publication.trackSid}
              trackRef={track}
              data-source={track.source}
              aria-label="What you show"
            />
          ))}
        </div>
      )}
      <div className="stage__foot" hidden={problem !== null}>
        <AgentState state={agent.state} />
        <FaceState state={agent.face} />
      </div>
      <div className="stage__head">
        {reconnecting && problem === null && (
          <p className="pill" role="status" data-testid="reconnecting">
            <span className="spinner" aria-hidden="true" />
            The connection is unsteady. Reconnecting…
          </p>
        )}
        <StartPlayback hasPicture={problem === null && agent.video !== undefined && !isDrawn} />
      </div>
    </div>
  );
}
