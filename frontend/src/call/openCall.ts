import { ConnectionState, DisconnectReason, type LocalTrack, Room, RoomEvent } from 'livekit-client';
import { Conversation } from '../conversation/Conversation';
import { diagnoseMicrophone, microphoneWillAsk } from './microphone';
import { CallError, type CallProblem, type MicrophoneProblem } from './problems';
import { requestGrant } from './token';

export type CallStep = 'microphone' | 'agent' | 'room';

/** An open conversation. */
export interface Call {
  room: Room;
  conversation: Conversation;
  /** Settles once the microphone is published (null) or could not be. Never rejects. */
  microphone: Promise<MicrophoneProblem | null>;
}

export interface CallOptions {
  /** Gives up, and later hangs up. */
  signal: AbortSignal;
  onStep: (step: CallStep) => void;
  /** The room closed without being asked to by this page. */
  onClosed: (problem: CallProblem) => void;
}

function closedBecause(reason: DisconnectReason | undefined): CallProblem {
  switch (reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return { kind: 'elsewhere' };
    case DisconnectReason.PARTICIPANT_REMOVED:
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return { kind: 'closed' };
    default:
      return { kind: 'lost' };
  }
}

async function openMicrophone(room: Room): Promise<LocalTrack> {
  const [track] = await room.localParticipant.createTracks({ audio: true });
  if (track === undefined) throw new Error('the browser gave no audio track');
  return track;
}

async function publishMicrophone(
  room: Room,
  opening: Promise<LocalTrack>,
): Promise<MicrophoneProblem | null> {
  let track: LocalTrack;
  try {
    track = await opening;
  } catch (error) {
    return diagnoseMicrophone(error);
  }
  try {
    await room.localParticipant.publishTrack(track);
    return null;
  } catch {
    track.stop();
    return room.state === ConnectionState.Disconnected ? null : 'failed';
  }
}

/** Microphone, token, room, in this order. Throws {@link CallError}, or the signal's abort reason. */
export async function openCall({ signal, onStep, onClosed }: CallOptions): Promise<Call> {
  // One layer, shown large: there is nothing for adaptive streaming to choose, and without it the
  // first picture comes sooner.
  const room = new Room({ adaptiveStream: false, dynacast: false });
  const conversation = new Conversation(room);
  const opening = openMicrophone(room);
  opening.catch(() => undefined); // Told by publishMicrophone, once there is a call to tell it in.
  const abandon = () => {
    void room.disconnect();
    opening.then(
      (track) => {
        track.stop();
      },
      () => undefined,
    );
  };
  signal.addEventListener('abort', abandon, { once: true });
  try {
    // An agent should not wait in a room for somebody who is still reading a permission prompt.
    if (await microphoneWillAsk()) {
      onStep('microphone');
      await opening.catch(() => undefined);
      signal.throwIfAborted();
    }
    onStep('agent');
    const grant = await requestGrant(signal);
    onStep('room');
    await room.connect(grant.serverUrl, grant.token);
    signal.throwIfAborted();
  } catch (error) {
    abandon();
    signal.throwIfAborted();
    throw error instanceof CallError ? error : new CallError({ kind: 'no-route' });
  }
  room.once(RoomEvent.Disconnected, (reason) => {
    if (!signal.aborted) onClosed(closedBecause(reason));
  });
  return { room, conversation, microphone: publishMicrophone(room, opening) };
}
