/** Where the picture is taken from: as `avatar_worker/render/camera.py`, same numbers. */

/** Metres from the eyes to the lens. */
const DISTANCE = 1.15;
/** Height of the eyes in the picture, from the top. */
const EYE_LINE = 0.405;
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

/** The camera for a head whose eyes have `eyes` in their middle; `aspect`: width by height. */
export function frameHead([x, y, z]: Point, aspect: number, size = 1): Framing {
  const wide = Math.min(Math.max(SQUARE, NARROWEST / aspect), WIDEST / aspect);
  const tall = Math.min(Math.max(wide, LOWEST), TALLEST);
  return {
    position: [x, y - 0.005 * size, z + DISTANCE * size],
    target: [x, y - (0.5 - EYE_LINE) * tall * size, z],
    fov: (2 * Math.atan(tall / 2 / DISTANCE) * 180) / Math.PI,
    distance: DISTANCE * size,
  };
}

/** Metres from the eyes to the top, to the chin and to the side of a usual head, its hair included. */
const ABOVE = 0.122;
const BELOW = 0.118;
const ASIDE = 0.115;
/** Times the usual size within which a head is shown as large as it is. */
const SAME = [0.85, 1.12] as const;

/**
 * How much farther the camera stands: as `avatar_worker/render/reader/framing.py`.
 *
 * @param points x, y of the head's vertices, hair included, one after another.
 * @param chin Height of the lowest place that the jaw takes along.
 */
export function sizeOfHead(points: ArrayLike<number>, [x, y]: Point, chin: number): number {
  let top = -Infinity;
  const aside: number[] = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    const height = points[i + 1] ?? 0;
    top = Math.max(top, height - y);
    if (height > chin) aside.push(Math.abs((points[i] ?? 0) - x));
  }
  aside.sort((a, b) => a - b);
  const widest = aside[Math.round(0.98 * (aside.length - 1))] ?? 0;
  const size = Math.max(top / ABOVE, (y - chin) / BELOW, widest / ASIDE);
  return size >= SAME[0] && size <= SAME[1] ? 1 : size;
}
