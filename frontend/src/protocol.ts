/**
 * Names that the page shares with the other processes: the page's half of `visavis/protocol.py`
 * (same constants, same values) and the LiveKit topics and attributes that it reads or writes.
 */

// LiveKit's own
export const ATTRIBUTE_PUBLISH_ON_BEHALF = 'lk.publish_on_behalf';
export const ATTRIBUTE_SEGMENT_ID = 'lk.segment_id';
export const ATTRIBUTE_TRANSCRIPTION_FINAL = 'lk.transcription_final';
export const TOPIC_CHAT = 'lk.chat';
export const TOPIC_TRANSCRIPTION = 'lk.transcription';

// ours
/** RPC, any participant to agent: stop speaking now. Empty payload; answers `"ok"`. */
export const RPC_INTERRUPT = 'visavis.interrupt';
/** RPC, the person to agent: I leave for good. Empty payload; answers `"ok"`. */
export const RPC_HANG_UP = 'visavis.hang_up';
/** On the agent: a {@link FaceState}. */
export const ATTRIBUTE_FACE = 'visavis.face';
/** On the agent: JSON object of what is in use: `stt`, `llm`, `tts`. */
export const ATTRIBUTE_BRAINS = 'visavis.brains';
/** On the avatar: name of the speech-to-blendshape model in use. */
export const ATTRIBUTE_LIPSYNC = 'visavis.lipsync';
/** On the avatar: name of the head that is drawn. */
export const ATTRIBUTE_HEAD = 'visavis.head';

/** Waiting: dispatched, not here yet. Present: it speaks through the avatar. Absent: plain voice. */
export const FACE_STATES = ['waiting', 'present', 'absent'] as const;
export type FaceState = (typeof FACE_STATES)[number];

/** The gateway's token endpoint (LiveKit's standard one). */
export const TOKEN_PATH = '/api/token';
