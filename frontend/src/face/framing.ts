/** Where the picture is taken from: as `avatar_worker/render/camera.py`, same numbers. */

/** Metres from the eyes to the lens. */
const DISTANCE = 1.15;
/** Metres by which the lens is below the eyes. */
const LENS_BELOW = 0.005;
/** Height of the eyes in the picture, from the top, unless hair needs more. */
const EYE_LINE = 0.405;
/** Share of the picture's height above the hair. */
const HEADROOM = 0.035;
/** Height of the eyes below which tall hair moves them no further, and is cut off. */
const EYES_AT_MOST = 0.5;
/** Metres that a square picture shows from top to bottom, at the eyes' distance. */
const SQUARE = 0.374;
const NARROWEST = 0.3;
const WIDEST = 0.5;
const LOWEST = 0.27;
const TALLEST = 0.55;

export type Point = readonly [x: number, y: number, z: number];

export interface Framing {
  position: Point;
  target: Point;
  /** Degrees from top to bottom. */
  fov: number;
  /** Metres from the lens to the eyes. */
  distance: number;
}

/**
 * The camera for a head whose eyes have this point in their middle.
 *
 * @param aspect Width by height.
 * @param size See {@link sizeOfHead}.
 * @param rise See {@link riseOfHead}.
 */
export function frameHead([x, y, z]: Point, aspect: number, size = 1, rise = 0): Framing {
  const wide = Math.min(Math.max(SQUARE, NARROWEST / aspect), WIDEST / aspect);
  const tall = Math.min(Math.max(wide, LOWEST), TALLEST);
  const line = Math.max(EYE_LINE, Math.min(rise / tall + HEADROOM, EYES_AT_MOST));
  return {
    position: [x, y - LENS_BELOW * size, z + DISTANCE * size],
    target: [x, y - (0.5 - line) * tall * size, z],
    fov: (2 * Math.atan(tall / 2 / DISTANCE) * 180) / Math.PI,
    distance: DISTANCE * size,
  };
}

/** Metres from the eyes to the top, to the chin and to the side of a usual head, its hair included. */
const ABOVE = 0.135;
const BELOW = 0.118;
const ASIDE = 0.115;
/** Times the usual size within which a head is shown as large as it is. */
const SAME = [0.85, 1.12] as const;

/**
 * How much farther the camera stands: as `avatar_worker/render/reader/framing.py`.
 *
 * @param points x, y, z of the head's vertices, hair included, one after another.
 * @param chin Height of the lowest place that the jaw takes along.
 */
export function sizeOfHead(points: ArrayLike<number>, [x, y]: Point, chin: number): number {
  let top = -Infinity;
  const aside: number[] = [];
  for (let i = 0; i + 2 < points.length; i += 3) {
    const height = points[i + 1] ?? 0;
    top = Math.max(top, height - y);
    if (height > chin) aside.push(Math.abs((points[i] ?? 0) - x));
  }
  aside.sort((a, b) => a - b);
  const widest = aside[Math.round(0.98 * (aside.length - 1))] ?? 0;
  const size = Math.max(top / ABOVE, (y - chin) / BELOW, widest / ASIDE);
  return size >= SAME[0] && size <= SAME[1] ? 1 : size;
}

/** Metres, of a usual head's size, from the eyes up to the hair as both are seen, at the eyes' distance. */
export function riseOfHead(points: ArrayLike<number>, [, y, z]: Point, size: number): number {
  let steepest = -1;
  for (let i = 0; i + 2 < points.length; i += 3) {
    const ahead = Math.max(z + DISTANCE * size - (points[i + 2] ?? 0), 0.4 * size);
    steepest = Math.max(steepest, ((points[i + 1] ?? 0) - y + LENS_BELOW * size) / ahead);
  }
  return steepest * DISTANCE - LENS_BELOW;
}
