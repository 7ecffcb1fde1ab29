import {
  ConnectionState,
  DisconnectReason,
  type LocalTrack,
  type Participant,
  Room,
  RoomEvent,
  Track,
  type TrackPublication,
} from 'livekit-client';
import { Deck } from '../cards/Deck';
import { Conversation } from '../conversation/Conversation';
import { forgetDraft } from '../conversation/draft';
import { recallPerson, secretToSend } from '../person/person';
import { hangUp } from './hangUp';
import { diagnoseMicrophone, microphoneWillAsk } from './microphone';
import { CallError, type CallProblem, type MicrophoneProblem } from './problems';
import { provideRandomUUID } from './randomId';
import { forgetSeat, HANG_UP, rememberSeat, type Seat } from './seat';
import { type Grant, requestGrant } from './token';

export type CallStep = 'microphone' | 'agent' | 'room' | 'back';

/** An open conversation. */
export interface Call {
  room: Room;
  conversation: Conversation;
  deck: Deck;
  /** Settles once the microphone is published (null) or could not be. Never rejects. */
  microphone: Promise<MicrophoneProblem | null>;
  /** Asks the gateway for an agent where there is none any more. Throws {@link CallError}. */
  callAgent: () => Promise<void>;
}

export interface CallOptions {
  /** Gives up, and later leaves; for good where the reason is {@link HANG_UP}. */
  signal: AbortSignal;
  /** Where this person sits already. */
  seat: Seat | null;
  /** Without that seat there is to be no call; else a new conversation begins. */
  onlyBack: boolean;
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

/** Keeps the place for a reload, where livekit-client leaves before `pagehide`, and a new attempt. */
function keepSeat(room: Room, conversation: Conversation, seat: Seat | null, signal: AbortSignal) {
  const place = { room: room.name, identity: room.localParticipant.identity };
  let muted = seat?.muted ?? false;
  const remember = () => {
    rememberSeat({ ...place, muted, lines: conversation.read() });
  };
  const follow = ({ source, isMuted }: TrackPublication, { isLocal }: Participant) => {
    if (!isLocal || source !== Track.Source.Microphone) return;
    muted = isMuted;
    remember();
  };
  room.on(RoomEvent.TrackMuted, follow);
  room.on(RoomEvent.TrackUnmuted, follow);
  room.on(RoomEvent.LocalTrackPublished, follow);
  room.on(RoomEvent.Disconnected, () => {
    if (!signal.aborted) remember();
  });
  signal.addEventListener('abort', () => {
    if (signal.reason !== HANG_UP) remember(); // Whoever tries again goes on with what was said.
  });
  window.addEventListener('pagehide', remember, { signal });
  document.addEventListener('visibilitychange', remember, { signal });
  remember();
  return place;
}

/** To the old seat, if there is one still; else, unless `onlyBack`, to a new room. */
async function findGrant(
  seat: Seat | null,
  onlyBack: boolean,
  signal: AbortSignal,
): Promise<{ grant: Grant; back: boolean }> {
  const secret = secretToSend(recallPerson());
  if (seat === null) return { grant: await requestGrant(signal, null, secret), back: false };
  try {
    return { grant: await requestGrant(signal, seat, secret), back: true };
  } catch (error) {
    if (!(error instanceof CallError) || error.problem.kind !== 'over') throw error;
    forgetSeat();
    forgetDraft(); // Whoever tries again may be somebody else.
    if (onlyBack) throw error;
    return { grant: await requestGrant(signal, null, secret), back: false };
  }
}

/** Microphone, token, room, in this order. Throws {@link CallError}, or the signal's abort reason. */
export async function openCall(options: CallOptions): Promise<Call> {
  const { signal, seat, onlyBack, onStep, onClosed } = options;
  provideRandomUUID();
  // One layer, shown large: there is nothing for adaptive streaming to choose, and without it the
  // first picture comes sooner.
  const room = new Room({ adaptiveStream: false, dynacast: false });
  const opening = seat?.muted ? null : openMicrophone(room);
  opening?.catch(() => undefined); // Told by publishMicrophone, once there is a call to tell it in.
  const abandon = () => {
    if (signal.reason === HANG_UP) {
      forgetSeat();
      void hangUp(room);
    } else {
      void room.disconnect();
    }
    opening?.then(
      (track) => {
        track.stop();
      },
      () => undefined,
    );
  };
  signal.addEventListener('abort', abandon, { once: true });
  const deck = new Deck(room);
  let conversation: Conversation;
  try {
    // An agent should not wait in a room for somebody who is still reading a permission prompt.
    if (opening !== null && (await microphoneWillAsk())) {
      onStep('microphone');
      await opening.catch(() => undefined);
      signal.throwIfAborted();
    }
    onStep('agent');
    const { grant, back } = await findGrant(seat, onlyBack, signal);
    conversation = new Conversation(room, back ? seat?.lines : []);
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
  const place = keepSeat(room, conversation, seat, signal);
  return {
    room,
    conversation,
    deck,
    microphone: opening === null ? Promise.resolve(null) : publishMicrophone(room, opening),
    callAgent: async () => {
      await requestGrant(signal, place);
    },
  };
}
