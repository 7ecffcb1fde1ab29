/**
 * When to show which weights. They come at once, while the sound that they belong to waits in the
 * browser's jitter buffer: each frame is held as long, and what is shown between two frames lies
 * between them. Pure logic; whoever uses it has the clock.
 */

import { ARKIT_NAMES } from '../protocol';
import type { Pose, WeightsPacket } from './packet';

/**
 * Milliseconds of packets whose median tells how far the two clocks are apart. The quickest one would
 * not do: what the browser tells of its sound's wait begins with the arrival of an average packet.
 */
const WINDOW = 2000;
/** Share of the time by which the face may run faster or slower to get back into time. */
const SLEW = 0.1;
/** Milliseconds out of time from which it jumps instead. */
const JUMP = 250;
/** Milliseconds without a frame that are bridged by a straight line. */
const BRIDGE = 200;
/** Milliseconds that the last frame stays when no other comes; then the mouth eases shut. */
const PATIENCE = 150;
const EASE = 300;
/** Frames that are kept: two seconds. */
const MOST = 64;
const HALF = 1 << 15;

const MOUTH = ARKIT_NAMES.map((name) => /^(jaw|mouth|tongue|cheekPuff)/.test(name));

export interface Shown {
  /** Owned by the timeline, overwritten by the next call. */
  weights: Float32Array;
  pose: Pose;
  /** Milliseconds since the last frame should have been followed by another; 0 in good times. */
  missing: number;
}

interface Frame {
  time: number;
  weights: Float32Array;
  pose: Pose;
}

export interface TimelineCounts {
  /** Packets that never came, by their sequence. */
  lost: number;
  /** Packets that came after their time, or twice. */
  late: number;
}

export class WeightsTimeline {
  readonly counts: TimelineCounts = { lost: 0, late: 0 };
  /** Milliseconds that the sound waits from its arrival until it is heard. */
  hold = 0;

  #track: number | null = null;
  #newest = 0;
  #frames: Frame[] = [];
  #arrivals: { at: number; delay: number }[] = [];
  /** Milliseconds that the two clocks are apart, by the median of the arrivals. */
  #apart = 0;
  /** Milliseconds from a moment of the avatar's sound to when it is shown here. */
  #delay = 0;
  #readAt: number | null = null;
  #shownUntil = -Infinity;
  readonly #weights = new Float32Array(ARKIT_NAMES.length);

  /** A packet that came at `now`, in milliseconds of a clock that only goes forward. */
  push(packet: WeightsPacket, now: number): void {
    if (packet.track !== this.#track) this.#begin(packet);
    const step = ((packet.sequence - this.#newest + HALF) & 0xffff) - HALF;
    if (step > 0) {
      this.counts.lost += step - 1;
      this.#newest = packet.sequence;
    } else if (step < 0) {
      this.counts.lost = Math.max(0, this.counts.lost - 1); // Counted when its successor came.
    }
    this.#arrivals = this.#arrivals.filter(({ at }) => at > now - WINDOW);
    this.#arrivals.push({ at: now, delay: now - packet.time });
    const delays = this.#arrivals.map(({ delay }) => delay).sort((a, b) => a - b);
    this.#apart = delays[delays.length >> 1] ?? 0;
    if (!this.#insert(packet)) this.counts.late += 1;
  }

  /** What to show at `now`; null before the first packet. */
  read(now: number): Shown | null {
    const first = this.#frames[0];
    if (first === undefined) return null;
    this.#follow(now);
    const time = now - this.#delay;
    this.#shownUntil = Math.max(this.#shownUntil, time);
    let at = this.#frames.findLastIndex((frame) => frame.time <= time);
    if (at > 0) {
      this.#frames.splice(0, at);
      at = 0;
    }
    const before = this.#frames[Math.max(at, 0)] ?? first;
    const after = this.#frames[at + 1];
    if (at < 0 || after === undefined) return this.#conceal(before, time);
    const from = Math.max(before.time, after.time - BRIDGE);
    return this.#between(before, after, Math.max(0, (time - from) / (after.time - from)));
  }

  #begin(packet: WeightsPacket): void {
    this.#track = packet.track;
    this.#newest = packet.sequence;
    this.#frames = [];
    this.#arrivals = [];
    this.#readAt = null;
    this.#shownUntil = -Infinity;
  }

  #insert({ time, weights, pose }: WeightsPacket): boolean {
    const last = this.#frames.at(-1);
    // Behind what is shown already, unless there is nothing newer to be shown.
    if (time <= this.#shownUntil && last !== undefined && time <= last.time) return false;
    const at = this.#frames.findLastIndex((frame) => frame.time <= time);
    if (this.#frames[at]?.time === time) return false;
    this.#frames.splice(at + 1, 0, { time, weights, pose });
    if (this.#frames.length > MOST) this.#frames.shift();
    return true;
  }

  /** Bring the delay to where it should be, without a jerk. */
  #follow(now: number): void {
    const passed = this.#readAt === null ? Infinity : now - this.#readAt;
    this.#readAt = now;
    const off = this.#apart + this.hold - this.#delay;
    const reach = Math.abs(off) > JUMP ? Infinity : SLEW * passed;
    this.#delay += Math.min(Math.max(off, -reach), reach);
  }

  #between(before: Frame, after: Frame, share: number): Shown {
    for (let i = 0; i < this.#weights.length; i++) {
      this.#weights[i] = mix(before.weights[i] ?? 0, after.weights[i] ?? 0, share);
    }
    const pose = {
      yaw: mix(before.pose.yaw, after.pose.yaw, share),
      pitch: mix(before.pose.pitch, after.pose.pitch, share),
      roll: mix(before.pose.roll, after.pose.roll, share),
    };
    return { weights: this.#weights, pose, missing: 0 };
  }

  #conceal(last: Frame, time: number): Shown {
    const missing = Math.max(0, time - last.time - BRIDGE / 6);
    const open = 1 - Math.min(Math.max((missing - PATIENCE) / EASE, 0), 1);
    for (let i = 0; i < this.#weights.length; i++) {
      this.#weights[i] = (last.weights[i] ?? 0) * (MOUTH[i] ? open : 1);
    }
    return { weights: this.#weights, pose: last.pose, missing };
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
