import { useRoomContext } from '@livekit/components-react';
import { ConnectionState, type RemoteParticipant, RoomEvent, Track } from 'livekit-client';
import { useCallback, useEffect, useReducer, useState } from 'react';
import type { Agent } from '../agent/useAgent';
import { RPC_UNWATCH_WEIGHTS, RPC_WATCH_WEIGHTS, TOPIC_WEIGHTS } from '../protocol';
import { readPacket } from './packet';
import { bufferCounts } from '../media/jitterBuffer';
import { Playout } from './playout';
import { LOOK_EVERY, Silence } from './silence';
import { WeightsTimeline } from './timeline';
import { type DrawingProblem, nextView, type View } from './view';

/** Milliseconds that the picture drawn here stays while the video comes back. */
const VIDEO_PATIENCE = 5000;
const LISTEN_EVERY = 500;

export interface DrawnFace {
  /** The avatar sends its weights to whoever asks, and its head is one to draw here. */
  possible: boolean;
  /** The person wants it. */
  chosen: boolean;
  view: View;
  /** Why it is not drawn although that was wanted. */
  problem: DrawingProblem | null;
  timeline: WeightsTimeline;
  choose: (drawn: boolean) => void;
  onReady: () => void;
  onFailed: (problem: DrawingProblem) => void;
  onVideoPlaying: () => void;
  dismissProblem: () => void;
}

/**
 * Whether the page draws the face for itself, and all that it needs from the room for that.
 * `allowed`: the avatar's heads are such as the page can draw.
 */
export function useDrawnFace(agent: Agent, allowed: boolean): DrawnFace {
  const { avatar } = agent;
  const drawable = agent.drawable && allowed;
  const [{ view, problem }, send] = useReducer(nextView, { view: 'video', problem: null });
  const [timeline] = useState(() => new WeightsTimeline());
  const active = drawable && view !== 'video';

  const onFailed = useCallback((why: DrawingProblem) => {
    send({ event: 'failed', problem: why });
  }, []);
  useWatching(avatar, active, view !== 'drawn', timeline, onFailed);
  usePlayout(agent.audio?.publication.track, active, timeline);

  // The next face has to be loaded: its video is seen until then.
  useEffect(() => {
    if (!drawable) send({ event: 'lost' });
  }, [drawable]);

  const publication = avatar?.getTrackPublication(Track.Source.Camera);
  const hasVideo = publication !== undefined;
  useEffect(() => {
    if (publication && 'setSubscribed' in publication) {
      publication.setSubscribed(!drawable || view !== 'drawn');
    }
  }, [publication, drawable, view]);

  useEffect(() => {
    if (view !== 'leaving') return;
    const timer = setTimeout(
      () => {
        send({ event: 'video' });
      },
      hasVideo ? VIDEO_PATIENCE : 0,
    );
    return () => {
      clearTimeout(timer);
    };
  }, [view, hasVideo]);

  return {
    possible: drawable,
    chosen: view === 'loading' || view === 'drawn',
    view: drawable ? view : 'video',
    problem,
    timeline,
    choose: useCallback((drawn) => {
      send({ event: drawn ? 'chosen' : 'unchosen' });
    }, []),
    onReady: useCallback(() => {
      send({ event: 'ready' });
    }, []),
    onFailed,
    onVideoPlaying: useCallback(() => {
      send({ event: 'video' });
    }, []),
    dismissProblem: useCallback(() => {
      send({ event: 'dismissed' });
    }, []),
  };
}

/** Asks the avatar for its weights, and lays them on the timeline. */
function useWatching(
  avatar: RemoteParticipant | undefined,
  active: boolean,
  video: boolean,
  timeline: WeightsTimeline,
  onFailed: (problem: DrawingProblem) => void,
): void {
  const room = useRoomContext();
  const identity = avatar?.identity;

  useEffect(() => {
    if (!active || identity === undefined) return;
    const silence = new Silence(performance.now());
    const ask = () => {
      room.localParticipant
        .performRpc({
          destinationIdentity: identity,
          method: RPC_WATCH_WEIGHTS,
          payload: JSON.stringify({ video }),
        })
        .catch(() => undefined); // Asked again below.
    };
    const onData = (
      data: Uint8Array,
      from: RemoteParticipant | undefined,
      _kind: unknown,
      topic: string | undefined,
    ) => {
      if (topic !== TOPIC_WEIGHTS || from?.identity !== identity) return;
      const packet = readPacket(data);
      if (packet === null) return;
      const now = performance.now();
      silence.hear(now);
      timeline.push(packet, now);
    };
    const watchdog = setInterval(() => {
      const connected = room.state === ConnectionState.Connected;
      const what = silence.look(performance.now(), connected);
      if (what === 'give up') onFailed('silent');
      else if (what === 'ask') ask();
    }, LOOK_EVERY);
    room.on(RoomEvent.DataReceived, onData);
    ask();
    return () => {
      room.off(RoomEvent.DataReceived, onData);
      clearInterval(watchdog);
    };
  }, [room, identity, active, video, timeline, onFailed]);

  useEffect(() => {
    if (!active || identity === undefined) return;
    return () => {
      room.localParticipant
        .performRpc({ destinationIdentity: identity, method: RPC_UNWATCH_WEIGHTS, payload: '' })
        .catch(() => undefined); // It forgets whoever leaves.
    };
  }, [room, identity, active]);
}

/** Tells the timeline how long sound waits in this browser. */
function usePlayout(track: Track | undefined, active: boolean, timeline: WeightsTimeline): void {
  useEffect(() => {
    if (!active || track === undefined) return;
    const playout = new Playout();
    // Nothing sounds through it: it knows what the sound card takes.
    const context = new AudioContext();
    const listen = async () => {
      const counts = bufferCounts(await track.getRTCStatsReport());
      if (counts !== null) playout.update(counts);
      timeline.hold = playout.hold(context.outputLatency) ?? timeline.hold;
    };
    const timer = setInterval(() => {
      listen().catch(() => undefined); // A track that ends while it is asked.
    }, LISTEN_EVERY);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [track, active, timeline]);
}
