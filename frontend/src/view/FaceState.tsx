import type { FaceState as State } from '../protocol';

const LABELS: Readonly<Record<State, string>> = {
  waiting: 'The face is on its way',
  present: '',
  absent: 'Voice only: no avatar worker is free',
};

/** Says why there is no face. Silent where there is one, or where the agent has none to offer. */
export function FaceState({ state }: { state: State | null }) {
  const label = state === null ? '' : LABELS[state];
  return (
    <p
      className="pill pill--plain"
      role="status"
      data-testid="face-state"
      data-state={state ?? 'unknown'}
      hidden={label === ''}
    >
      {label}
    </p>
  );
}
