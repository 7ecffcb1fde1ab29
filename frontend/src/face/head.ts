/** A head from its glTF file, made ready for our light. Part of the chunk that brings three.js. */

import {
  type Bone,
  BufferAttribute,
  type BufferGeometry,
  DoubleSide,
  FrontSide,
  type Material as ThreeMaterial,
  type Mesh,
  type MeshStandardMaterial,
  NoColorSpace,
  type Object3D,
  ShaderMaterial,
  type SkinnedMesh,
  type Texture,
  Vector3,
} from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { ARKIT_NAMES } from '../protocol';
import { type Point, riseOfHead, sizeOfHead } from './framing';
import { findMaterial, isInMouth } from './materials';
import { HEAD_FRAGMENT, HEAD_VERTEX } from './shaders';

const NAMES: readonly string[] = ARKIT_NAMES;

/** Degrees that an eye turns at weight 1. */
export interface GazeLimits {
  In: number;
  Out: number;
  Up: number;
  Down: number;
}
const USUAL_GAZE: GazeLimits = { In: 32, Out: 32, Up: 24, Down: 26 };

export interface LoadedHead {
  root: Object3D;
  head: Bone;
  eyes: readonly [left: Bone, right: Bone];
  gaze: GazeLimits;
  /** Middle of the eyes, in metres. */
  middle: Point;
  /** Against a usual head, see {@link sizeOfHead}. */
  size: number;
  /** From the eyes up to the hair, see {@link riseOfHead}. */
  rise: number;
  /** Meshes that weights move: with, for each of their targets, the weight that moves it. */
  moved: readonly { influences: number[]; weights: readonly (number | null)[] }[];
  /** Uniform `level` of what lies behind the lips. */
  mouth: readonly { value: unknown }[];
}

function isMesh(object: Object3D): object is Mesh<BufferGeometry, MeshStandardMaterial> {
  return 'isMesh' in object;
}

function isBone(object: Object3D | undefined): object is Bone {
  return object !== undefined && 'isBone' in object;
}

/**
 * A target turns a normal only where it moves the surface; those of a mesh that was cut after its
 * normals were made say otherwise along the cut (`avatar_worker/render/reader/` says the same).
 */
function stillNormals(geometry: BufferGeometry): void {
  const index = geometry.getIndex();
  const { position, normal } = geometry.morphAttributes;
  if (index === null || position === undefined || normal === undefined) return;
  position.forEach((moves, target) => {
    const turns = normal[target];
    if (turns === undefined) return;
    const touched = new Uint8Array(moves.count);
    const isMoved = (v: number) =>
      moves.getX(v) !== 0 || moves.getY(v) !== 0 || moves.getZ(v) !== 0;
    for (let t = 0; t < index.count; t += 3) {
      const corners = [index.getX(t), index.getX(t + 1), index.getX(t + 2)];
      if (corners.some(isMoved)) for (const corner of corners) touched[corner] = 1;
    }
    for (let v = 0; v < moves.count; v++) if (!touched[v]) turns.setXYZ(v, 0, 0, 0);
  });
}

function dress(mesh: Mesh<BufferGeometry, MeshStandardMaterial>, isEye: boolean): ShaderMaterial {
  const { material: given, geometry } = mesh;
  const map: Texture | null = given.map;
  if (map === null) throw new Error(`the mesh ${mesh.name} has no texture`);
  map.colorSpace = NoColorSpace; // The shader has its own gamma.
  const occlusion = geometry.getAttribute('color') as BufferAttribute | undefined;
  geometry.setAttribute(
    'occlusion',
    occlusion ??
      new BufferAttribute(new Float32Array(4 * geometry.getAttribute('position').count).fill(1), 4),
  );
  geometry.deleteAttribute('color');
  const { specular, gloss, wrap } = findMaterial(mesh.name);
  const cutout = given.alphaTest > 0;
  const seeThrough = cutout || given.transparent;
  return new ShaderMaterial({
    vertexShader: HEAD_VERTEX,
    fragmentShader: HEAD_FRAGMENT,
    defines: cutout ? { CUTOUT: '' } : given.transparent ? { DECAL: '' } : {},
    side: seeThrough ? DoubleSide : FrontSide,
    alphaToCoverage: cutout,
    transparent: given.transparent,
    depthWrite: !given.transparent,
    polygonOffset: given.transparent,
    polygonOffsetFactor: -1,
    polygonOffsetUnits: -4,
    uniforms: {
      map: { value: map },
      specular: { value: specular },
      gloss: { value: gloss },
      wrap: { value: wrap },
      level: { value: 1 },
      catchLevel: { value: isEye ? 0.9 : 0 },
    },
  });
}

/** The mesh follows the eyes' joints alone. */
function isEyes(mesh: SkinnedMesh, eyes: readonly Bone[]): boolean {
  const joints = mesh.geometry.getAttribute('skinIndex');
  const weights = mesh.geometry.getAttribute('skinWeight');
  for (let v = 0; v < joints.count; v++) {
    const bone = mesh.skeleton.bones[joints.getX(v)];
    if (weights.getX(v) < 0.5 || bone === undefined || !eyes.includes(bone)) return false;
  }
  return true;
}

function targetsOf(mesh: Mesh, isEye: boolean): (number | null)[] {
  const found: (number | null)[] = new Array<null>(mesh.morphTargetInfluences?.length ?? 0).fill(null);
  for (const [name, target] of Object.entries(mesh.morphTargetDictionary ?? {})) {
    const weight = NAMES.indexOf(name);
    // Eyeballs are turned by their joints, which keeps them round.
    if (weight >= 0 && !(isEye && name.startsWith('eyeLook'))) found[target] = weight;
  }
  return found;
}

/** x and y of the vertices that the head's joint takes along. */
function headPoints(meshes: readonly SkinnedMesh[], head: Bone): number[] {
  const points: number[] = [];
  for (const { geometry, skeleton } of meshes) {
    const follows = skeleton.bones.map((bone) => isBelow(bone, head));
    const place = geometry.getAttribute('position');
    const joints = geometry.getAttribute('skinIndex');
    const weights = geometry.getAttribute('skinWeight');
    for (let v = 0; v < place.count; v++) {
      let share = 0;
      for (let k = 0; k < 4; k++) {
        if (follows[joints.getComponent(v, k)]) share += weights.getComponent(v, k);
      }
      if (share > 0.9) points.push(place.getX(v), place.getY(v), place.getZ(v));
    }
  }
  return points;
}

function isBelow(bone: Object3D | null, head: Bone): boolean {
  return bone !== null && (bone === head || isBelow(bone.parent, head));
}

/** The lowest place that opening the mouth moves at least half as far as any. */
function chinOf(meshes: readonly SkinnedMesh[]): number {
  const moved: { height: number; far: number }[] = [];
  for (const { geometry, morphTargetDictionary } of meshes) {
    const shifts = geometry.morphAttributes.position?.[morphTargetDictionary?.jawOpen ?? -1];
    const place = geometry.getAttribute('position');
    for (let v = 0; shifts !== undefined && v < place.count; v++) {
      const far = Math.hypot(shifts.getX(v), shifts.getY(v), shifts.getZ(v));
      if (far > 0) moved.push({ height: place.getY(v), far });
    }
  }
  const most = moved.reduce((found, { far }) => Math.max(found, far), 0);
  return moved.reduce((low, { height, far }) => (far > most / 2 ? Math.min(low, height) : low), Infinity);
}

/** Throws where there is no such file, or where it is no head. */
export async function loadHead(url: string): Promise<LoadedHead> {
  const { scene, asset } = await new GLTFLoader().loadAsync(url);
  const extras = (asset as { extras?: { gaze_degrees?: Partial<GazeLimits> } }).extras;
  const [head, left, right] = ['Head', 'LeftEye', 'RightEye'].map((name) =>
    scene.getObjectByName(name),
  );
  if (!isBone(head) || !isBone(left) || !isBone(right)) throw new Error('the head has no joints');
  const eyes = [left, right] as const;
  const moved: LoadedHead['moved'][number][] = [];
  const mouth: LoadedHead['mouth'][number][] = [];
  const dressed: ThreeMaterial[] = [];
  const skinned: SkinnedMesh[] = [];
  scene.traverse((mesh) => {
    if (!isMesh(mesh)) return;
    const isSkinned = 'isSkinnedMesh' in mesh;
    if (isSkinned) skinned.push(mesh as unknown as SkinnedMesh);
    const isEye = isSkinned && isEyes(mesh as unknown as SkinnedMesh, eyes);
    stillNormals(mesh.geometry);
    dressed.push(mesh.material);
    const material = dress(mesh, isEye);
    if (isInMouth(mesh.name) && material.uniforms.level) mouth.push(material.uniforms.level);
    (mesh as Mesh).material = material;
    mesh.frustumCulled = false;
    if (mesh.morphTargetInfluences?.length) {
      moved.push({ influences: mesh.morphTargetInfluences, weights: targetsOf(mesh, isEye) });
    }
  });
  for (const material of dressed) material.dispose();
  scene.updateMatrixWorld();
  const between = left.getWorldPosition(new Vector3()).lerp(right.getWorldPosition(new Vector3()), 0.5);
  const middle: Point = [between.x, between.y, between.z];
  const points = headPoints(skinned, head);
  const size = sizeOfHead(points, middle, chinOf(skinned));
  const rise = riseOfHead(points, middle, size);
  const gaze = { ...USUAL_GAZE, ...extras?.gaze_degrees };
  return { root: scene, head, eyes, gaze, middle, size, rise, moved, mouth };
}
