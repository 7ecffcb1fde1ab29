import { useEffect, useRef, useState } from 'react';
import { parseBackground } from '../face/background';
import type { FaceScene } from '../face/scene';
import { Sharpness } from '../face/sharpness';
import type { WeightsTimeline } from '../face/timeline';
import type { DrawingProblem } from '../face/view';
import { HEADS_PATH } from '../protocol';

/** Milliseconds from drawing until it is seen: a refresh of the screen. */
const SEEN_AFTER = 1000 / 60;

interface DrawnFaceProps {
  head: string;
  background: string | undefined;
  timeline: WeightsTimeline;
  onReady: () => void;
  onFailed: (problem: DrawingProblem) => void;
}

function problemOf(error: unknown): DrawingProblem {
  return error instanceof Error && error.name === 'NoWebGL' ? 'webgl' : 'head';
}

interface Drawing {
  canvas: HTMLCanvasElement;
  scene: FaceScene;
}

/** The face, drawn by this page from the avatar's weights. One head is seen until another is there. */
export function DrawnFace({ head, background, timeline, onReady, onFailed }: DrawnFaceProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [drawn, setDrawn] = useState(false);
  const scene = drawing?.scene ?? null;

  useEffect(() => {
    // A canvas of its own each time: one whose context is gone never gets another.
    const canvas = document.createElement('canvas');
    let over = false;
    const onLost = () => {
      if (!over) onFailed('webgl');
    };
    canvas.addEventListener('webglcontextlost', onLost);
    import('../face/scene')
      .then(({ createScene }) => createScene(canvas, `${HEADS_PATH}${head}.glb`))
      .then((made) => {
        if (over) made.dispose();
        else setDrawing({ canvas, scene: made });
      })
      .catch((error: unknown) => {
        if (!over) onFailed(problemOf(error));
      });
    return () => {
      over = true;
    };
  }, [head, onFailed]);

  useEffect(() => {
    if (drawing === null) return;
    frame.current?.append(drawing.canvas);
    return () => {
      drawing.canvas.remove();
      drawing.scene.dispose();
    };
  }, [drawing]);

  useEffect(() => {
    scene?.setBackground(parseBackground(background));
  }, [scene, background]);

  useEffect(() => {
    const box = frame.current;
    if (scene === null || box === null) return;
    const sharpness = new Sharpness();
    let { clientWidth: width, clientHeight: height } = box; // Or the first frame would be empty.
    const fit = () => {
      if (width > 0 && height > 0) scene.resize(width, height, sharpness.value);
    };
    fit();
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      ({ width, height } = entry.contentRect);
      fit();
    });
    observer.observe(box);
    let told = false;
    const draw = (now: number) => {
      request = requestAnimationFrame(draw);
      const shown = timeline.read(now + SEEN_AFTER);
      if (shown === null || width === 0) return;
      if (sharpness.note(now)) fit();
      scene.draw(shown.weights, shown.pose);
      if (!told) {
        told = true;
        setDrawn(true);
        onReady();
      }
    };
    let request = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(request);
      observer.disconnect();
    };
  }, [scene, timeline, onReady]);

  return (
    <div
      className="stage__drawn"
      ref={frame}
      role="img"
      aria-label="The face of your conversation partner"
      data-testid="drawn-face"
      data-drawn={drawn}
    />
  );
}
