/** From the video to the page's own picture and back, never with nothing to see in between. */

/** `loading`: the video is seen still. `leaving`: the picture drawn here is seen still. */
export type View = 'video' | 'loading' | 'drawn' | 'leaving';

/** No WebGL; no such head, or it cannot be loaded; no weights come. */
export type DrawingProblem = 'webgl' | 'head' | 'silent';

export interface ViewState {
  view: View;
  problem: DrawingProblem | null;
}

export type ViewEvent =
  /** lost: what was drawn has gone with its face, and another has to be loaded. */
  | { event: 'chosen' | 'unchosen' | 'ready' | 'lost' | 'video' | 'dismissed' }
  | { event: 'failed'; problem: DrawingProblem };

export function nextView(state: ViewState, happened: ViewEvent): ViewState {
  const { view } = state;
  switch (happened.event) {
    case 'chosen':
      if (view === 'video') return { view: 'loading', problem: null };
      return view === 'leaving' ? { view: 'drawn', problem: null } : state;
    case 'unchosen':
      if (view === 'loading') return { ...state, view: 'video' };
      return view === 'drawn' ? { ...state, view: 'leaving' } : state;
    case 'ready':
      return view === 'loading' ? { ...state, view: 'drawn' } : state;
    case 'lost':
      if (view === 'drawn') return { ...state, view: 'loading' };
      return view === 'leaving' ? { ...state, view: 'video' } : state;
    case 'video':
      return view === 'leaving' ? { ...state, view: 'video' } : state;
    case 'failed':
      if (view === 'video' || view === 'leaving') return state;
      return { view: view === 'loading' ? 'video' : 'leaving', problem: happened.problem };
    case 'dismissed':
      return { ...state, problem: null };
  }
}

const SENTENCES: Readonly<Record<DrawingProblem, string>> = {
  webgl: 'This browser cannot draw the face by itself, for it has no WebGL: you see the video.',
  head: 'This face could not be loaded, so you see the video.',
  silent: 'The movements of the face do not arrive here, so you see the video.',
};

export function explainDrawing(problem: DrawingProblem): string {
  return SENTENCES[problem];
}
