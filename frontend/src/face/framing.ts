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
}

/** The camera for a head whose eyes have `eyes` in their middle; `aspect`: width by height. */
export function frameHead([x, y, z]: Point, aspect: number): Framing {
  const wide = Math.min(Math.max(SQUARE, NARROWEST / aspect), WIDEST / aspect);
  const tall = Math.min(Math.max(wide, LOWEST), TALLEST);
  return {
    position: [x, y - 0.005, z + DISTANCE],
    target: [x, y - (0.5 - EYE_LINE) * tall, z],
    fov: (2 * Math.atan(tall / 2 / DISTANCE) * 180) / Math.PI,
  };
}
