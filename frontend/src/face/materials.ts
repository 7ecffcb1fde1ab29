/** How the parts of a head answer light: as `avatar_worker/render/materials.py` and `mouth.py`. */

import { ARKIT_NAMES, type ArkitName } from '../protocol';

export interface Material {
  specular: number;
  gloss: number;
  /** How far light reaches around the terminator, of red, green and blue. */
  wrap: readonly [number, number, number];
}

const PLAIN: Material = { specular: 0.05, gloss: 8, wrap: [0.25, 0.25, 0.25] };
const BY_NAME: Readonly<Record<string, Material>> = {
  skin: { specular: 0.42, gloss: 16, wrap: [0.5, 0.25, 0.19] },
  eyes: { specular: 0.35, gloss: 60, wrap: [0.25, 0.25, 0.25] },
  teeth: { specular: 0.45, gloss: 40, wrap: [0.4, 0.36, 0.32] },
  tongue: { specular: 0.35, gloss: 30, wrap: [0.3, 0.18, 0.15] },
  lashes: { specular: 0, gloss: 8, wrap: [0.2, 0.2, 0.2] },
  hair: { specular: 0.22, gloss: 14, wrap: [0.35, 0.35, 0.35] },
};
const IN_MOUTH = ['teeth', 'tongue'];

/** The material of a mesh called so. */
export function findMaterial(name: string): Material {
  return BY_NAME[name.toLowerCase()] ?? PLAIN;
}

/** Whether a mesh called so lies behind the lips. */
export function isInMouth(name: string): boolean {
  return IN_MOUTH.includes(name.toLowerCase());
}

/** How far each blendshape parts the lips, against jawOpen. */
const PARTS_LIPS: Readonly<Partial<Record<ArkitName, number>>> = {
  jawOpen: 1,
  mouthClose: -0.8,
  mouthFunnel: 0.8,
  mouthLowerDownLeft: 0.7,
  mouthLowerDownRight: 0.7,
  mouthUpperUpLeft: 0.7,
  mouthUpperUpRight: 0.7,
  mouthShrugUpper: 0.2,
  mouthSmileLeft: 0.2,
  mouthSmileRight: 0.2,
  mouthStretchLeft: 0.3,
  mouthStretchRight: 0.3,
  tongueOut: 1,
};
const PARTING = ARKIT_NAMES.map((name) => PARTS_LIPS[name] ?? 0);
const SHUT = 0.03;
const OPEN = 0.4;
const DARKEST = 0.15;

/** Share of the light that comes between the lips; 0 where there is nothing to see. */
export function mouthLight(weights: ArrayLike<number>): number {
  const parted = PARTING.reduce((sum, part, index) => sum + part * (weights[index] ?? 0), 0);
  if (parted <= SHUT) return 0;
  const step = Math.min((parted - SHUT) / (OPEN - SHUT), 1);
  return DARKEST + (1 - DARKEST) * step * step * (3 - 2 * step);
}
