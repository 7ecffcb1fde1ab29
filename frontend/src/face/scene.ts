/** Draws a head by WebGL, framed and lit as the avatar worker does. Loaded when first wanted. */

import {
  Color,
  type Mesh,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Mesh as ThreeMesh,
  SRGBColorSpace,
  type Texture,
  Vector3,
  WebGLRenderer,
} from 'three';
import { ARKIT_NAMES } from '../protocol';
import type { Background } from './background';
import { frameHead } from './framing';
import { type LoadedHead, loadHead } from './head';
import { mouthLight } from './materials';
import type { Pose } from './packet';
import { BACKDROP_FRAGMENT, BACKDROP_VERTEX } from './shaders';

/** More pixels than this for each of the page's are not told apart. */
const MOST_PIXELS = 2;
const RADIANS = Math.PI / 180;
const GAZE = (['Left', 'Right'] as const).map((side) =>
  (['In', 'Out', 'Up', 'Down'] as const).map((way) => ARKIT_NAMES.indexOf(`eyeLook${way}${side}`)),
);

export interface FaceScene {
  draw: (weights: ArrayLike<number>, pose: Pose) => void;
  /** CSS pixels; `sharpness`: share of the screen's pixels, 1 is all. */
  resize: (width: number, height: number, sharpness?: number) => void;
  setBackground: (background: Background) => void;
  dispose: () => void;
}

interface Backdrop {
  mesh: Mesh<PlaneGeometry, ShaderMaterial>;
  top: Vector3;
  bottom: Vector3;
  lit: { value: number };
}

function makeBackdrop(): Backdrop {
  const top = new Vector3();
  const bottom = new Vector3();
  const lit = { value: 1 };
  const material = new ShaderMaterial({
    vertexShader: BACKDROP_VERTEX,
    fragmentShader: BACKDROP_FRAGMENT,
    depthTest: false,
    depthWrite: false,
    uniforms: { top: { value: top }, bottom: { value: bottom }, lit },
  });
  const mesh = new ThreeMesh(new PlaneGeometry(2, 2), material);
  mesh.frustumCulled = false;
  mesh.renderOrder = -1;
  return { mesh, top, bottom, lit };
}

function vectorOf(colour: string): Vector3 {
  const { r, g, b } = new Color(colour).getRGB({ r: 0, g: 0, b: 0 }, SRGBColorSpace);
  return new Vector3(r, g, b);
}

function turnEyes({ eyes, gaze }: LoadedHead, weights: ArrayLike<number>): void {
  eyes.forEach((eye, side) => {
    const [into = 0, out = 0, up = 0, down = 0] = (GAZE[side] ?? []).map((at) => weights[at] ?? 0);
    const outwards = out * gaze.Out - into * gaze.In;
    const yaw = side === 0 ? outwards : -outwards;
    const pitch = up * gaze.Up - down * gaze.Down;
    eye.rotation.set(-pitch * RADIANS, yaw * RADIANS, 0, 'YXZ');
  });
}

function free(head: LoadedHead): void {
  head.root.traverse((object) => {
    if (!(object instanceof ThreeMesh)) return;
    const { geometry, material } = object as Mesh<PlaneGeometry, ShaderMaterial>;
    geometry.dispose();
    (material.uniforms.map?.value as Texture | undefined)?.dispose();
    material.dispose();
  });
}

function makeRenderer(canvas: HTMLCanvasElement): WebGLRenderer {
  const attributes: WebGLContextAttributes = {
    antialias: true,
    alpha: false,
    powerPreference: 'low-power',
  };
  const context = canvas.getContext('webgl2', attributes);
  if (context === null) throw Object.assign(new Error('no WebGL 2 here'), { name: 'NoWebGL' });
  return new WebGLRenderer({ canvas, context, antialias: true });
}

/** Throws where there is no such head, and an error called `NoWebGL` where there is no WebGL 2. */
export async function createScene(canvas: HTMLCanvasElement, url: string): Promise<FaceScene> {
  const renderer = makeRenderer(canvas);
  let head: LoadedHead;
  try {
    head = await loadHead(url);
  } catch (error) {
    renderer.dispose();
    throw error;
  }
  const scene = new Scene();
  const backdrop = makeBackdrop();
  const camera = new PerspectiveCamera(18, 1, 0.5, 3);
  scene.add(backdrop.mesh, head.root);

  return {
    draw(weights, pose) {
      for (const { influences, weights: sources } of head.moved) {
        sources.forEach((source, target) => {
          influences[target] = source === null ? 0 : (weights[source] ?? 0);
        });
      }
      head.head.rotation.set(
        -pose.pitch * RADIANS,
        pose.yaw * RADIANS,
        -pose.roll * RADIANS,
        'YXZ',
      );
      turnEyes(head, weights);
      const light = mouthLight(weights);
      for (const level of head.mouth) level.value = light;
      renderer.render(scene, camera);
    },
    resize(width, height, sharpness = 1) {
      const { middle, size, rise } = head;
      const { position, target, fov, distance } = frameHead(middle, width / height, size, rise);
      camera.fov = fov;
      camera.near = distance / 3;
      camera.far = distance * 3;
      camera.aspect = width / height;
      camera.position.set(...position);
      camera.lookAt(...target);
      camera.updateProjectionMatrix();
      renderer.setPixelRatio(Math.min(window.devicePixelRatio, MOST_PIXELS) * sharpness);
      renderer.setSize(width, height, false);
    },
    setBackground({ colour, bottom }) {
      backdrop.top.copy(vectorOf(colour));
      backdrop.bottom.copy(vectorOf(bottom ?? colour));
      backdrop.lit.value = bottom === null ? 1 : 0;
    },
    dispose() {
      free(head);
      backdrop.mesh.geometry.dispose();
      backdrop.mesh.material.dispose();
      renderer.dispose();
      renderer.forceContextLoss();
    },
  };
}
