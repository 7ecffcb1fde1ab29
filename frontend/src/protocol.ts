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
/** RPC, to the avatar: send me weights. Payload: `{"video": …}`, whether I look at the video too. */
export const RPC_WATCH_WEIGHTS = 'visavis.watch_weights';
/** RPC, to the avatar: no more weights. */
export const RPC_UNWATCH_WEIGHTS = 'visavis.unwatch_weights';
/** RPC, to the avatar: look different. Payload: JSON with what shall change; answers what is in force. */
export const RPC_APPEARANCE = 'visavis.appearance';
/** RPC, agent to this page: show a card, see `cards/card.ts`. Answers `"ok"`. */
export const RPC_SHOW_CARD = 'visavis.show_card';
/** RPC, to the agent: hold the conversation otherwise. Payload: JSON with what shall change. */
export const RPC_SETTINGS = 'visavis.settings';
/** On the agent: JSON of how the conversation is held, see `agent/talk.ts`. */
export const ATTRIBUTE_SETTINGS = 'visavis.settings';
/** On the agent: JSON of the limit that ends the session soon, see `agent/limit.ts`. */
export const ATTRIBUTE_LIMIT = 'visavis.limit';
/** Text stream, agent to everybody: JSON of what the answer that begins is taken from. */
export const TOPIC_SOURCES = 'visavis.sources';
/**
 * Byte stream, to the agent: a file to look at or to know; text stream, back: what became of it, see
 * `conversation/files.ts`.
 */
export const TOPIC_FILE = 'visavis.file';
/** On the agent, `"true"` or `"false"`: whether it takes pictures. */
export const ATTRIBUTE_SEES = 'visavis.sees';
/** Characters of a text to the agent, as Python counts them. */
export const MESSAGE_LIMIT = 50_000;
/** On a person, `"true"`: may change settings and appearance. */
export const ATTRIBUTE_CONTROL = 'visavis.control';
/** Of a token request: the secret of a person who wants to be remembered. */
export const ATTRIBUTE_PERSON = 'visavis.person';
/** Data topic, lossy: packets of weights, see `face/packet.ts`. */
export const TOPIC_WEIGHTS = 'visavis.weights';
/** On the avatar: what it can do beyond LiveKit's protocol, space-separated. */
export const ATTRIBUTE_FEATURES = 'visavis.features';
export const FEATURE_WEIGHTS = 'weights';
export const FEATURE_APPEARANCE = 'appearance';
/** On the avatar: `#rrggbb`, `#rrggbb..#rrggbb`, or a picture's name or address. */
export const ATTRIBUTE_BACKGROUND = 'visavis.background';
/** On the avatar: what it was asked to feel; JSON where that is no plain name. */
export const ATTRIBUTE_EMOTION = 'visavis.emotion';
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

/** The 52 ARKit blendshapes in alphabetical order, the order of every vector of weights. */
// prettier-ignore
export const ARKIT_NAMES = [
  'browDownLeft', 'browDownRight', 'browInnerUp', 'browOuterUpLeft', 'browOuterUpRight',
  'cheekPuff', 'cheekSquintLeft', 'cheekSquintRight',
  'eyeBlinkLeft', 'eyeBlinkRight', 'eyeLookDownLeft', 'eyeLookDownRight',
  'eyeLookInLeft', 'eyeLookInRight', 'eyeLookOutLeft', 'eyeLookOutRight',
  'eyeLookUpLeft', 'eyeLookUpRight', 'eyeSquintLeft', 'eyeSquintRight',
  'eyeWideLeft', 'eyeWideRight',
  'jawForward', 'jawLeft', 'jawOpen', 'jawRight',
  'mouthClose', 'mouthDimpleLeft', 'mouthDimpleRight', 'mouthFrownLeft', 'mouthFrownRight',
  'mouthFunnel', 'mouthLeft', 'mouthLowerDownLeft', 'mouthLowerDownRight',
  'mouthPressLeft', 'mouthPressRight', 'mouthPucker', 'mouthRight',
  'mouthRollLower', 'mouthRollUpper', 'mouthShrugLower', 'mouthShrugUpper',
  'mouthSmileLeft', 'mouthSmileRight', 'mouthStretchLeft', 'mouthStretchRight',
  'mouthUpperUpLeft', 'mouthUpperUpRight', 'noseSneerLeft', 'noseSneerRight', 'tongueOut',
] as const;
export type ArkitName = (typeof ARKIT_NAMES)[number];

/** Where the gateway has the heads, as glTF 2.0 binaries `NAME.glb`. */
export const HEADS_PATH = '/heads/';
/**
 * In it: `{"heads": […]}`, the names of all that an avatar may be asked for. With
 * `"drawable": false` a plug-in draws them, and no file is theirs.
 */
export const HEADS_INDEX = 'index.json';

/** `POST`: the gateway's token for this page, `{"token": …, "ttl": seconds, "origin": …}`. */
export const AUTH_PATH = '/api/auth/token';
/** The gateway's token endpoint (LiveKit's standard one); asks for the token of the other. */
export const TOKEN_PATH = '/api/token';
/** What is remembered of whoever knows their secret: `GET` shows it, `DELETE` forgets it. */
export const MEMORY_PATH = '/api/memory';
export const HEADER_PERSON = 'X-Visavis-Person';
