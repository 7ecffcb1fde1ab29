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

/** The face, drawn by this page from the avatar's weights. Another head is another instance. */
export function DrawnFace({ head, background, timeline, onReady, onFailed }: DrawnFaceProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [scene, setScene] = useState<FaceScene | null>(null);
  const [drawn, setDrawn] = useState(false);

  useEffect(() => {
    // A canvas of its own each time: one whose context is gone never gets another.
    const canvas = document.createElement('canvas');
    frame.current?.append(canvas);
    let made: FaceScene | null = null;
    let over = false;
    const onLost = () => {
      if (!over) onFailed('webgl');
    };
    canvas.addEventListener('webglcontextlost', onLost);
    import('../face/scene')
      .then(({ createScene }) => createScene(canvas, `${HEADS_PATH}${head}.glb`))
      .then((ready) => {
        made = ready;
        if (over) ready.dispose();
        else setScene(ready);
      })
      .catch((error: unknown) => {
        if (!over) onFailed(problemOf(error));
      });
    return () => {
      over = true;
      made?.dispose();
      canvas.remove();
      setScene(null);
    };
  }, [head, onFailed]);

  useEffect(() => {
    scene?.setBackground(parseBackground(background));
  }, [scene, background]);

  useEffect(() => {
    const box = frame.current;
    if (scene === null || box === null) return;
    const sharpness = new Sharpness();
    let width = 0;
    let height = 0;
    const fit = () => {
      if (width > 0 && height > 0) scene.resize(width, height, sharpness.value);
    };
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
      data-drawn={drawn && scene !== null}
    />
  );
}
