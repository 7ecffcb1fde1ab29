/** One frame of a face as the avatar sends it; the layout is `visavis/weights.py`'s. */

import { ARKIT_NAMES } from '../protocol';

const VERSION = 1;
const WEIGHTS_AT = 24;
const SIZE = WEIGHTS_AT + ARKIT_NAMES.length;
const SPEAKING = 1;
const PAUSED = 2;

/** Degrees: yaw to the person's left, pitch up, roll to the person's left shoulder. */
export interface Pose {
  yaw: number;
  pitch: number;
  roll: number;
}

export interface WeightsPacket {
  /** Whose clock `time` and `sequence` are of. */
  track: number;
  /** 0 to 65535 and over again. */
  sequence: number;
  /** Milliseconds of the track's sound before this frame. */
  time: number;
  /** Which piece of speech; null while nobody speaks. */
  segment: number | null;
  /** Milliseconds of it before this frame. */
  position: number;
  paused: boolean;
  pose: Pose;
  /** 52, each 0 to 1, in the order of ARKIT_NAMES. */
  weights: Float32Array;
}

/** Null for what is no packet of this version. */
export function readPacket(data: Uint8Array): WeightsPacket | null {
  if (data.length < SIZE || data[0] !== VERSION) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const flags = view.getUint8(1);
  return {
    track: view.getUint16(2, true),
    sequence: view.getUint16(4, true),
    time: view.getUint32(6, true),
    segment: flags & SPEAKING ? view.getUint32(10, true) : null,
    position: view.getUint32(14, true),
    paused: (flags & PAUSED) !== 0,
    pose: {
      yaw: view.getInt16(18, true) / 100,
      pitch: view.getInt16(20, true) / 100,
      roll: view.getInt16(22, true) / 100,
    },
    weights: Float32Array.from(data.subarray(WEIGHTS_AT, SIZE), (level) => level / 255),
  };
}
