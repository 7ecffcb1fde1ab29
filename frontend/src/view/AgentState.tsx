import type { AgentState as State } from '@livekit/components-react';

const LABELS: Readonly<Record<State, string>> = {
  disconnected: 'Disconnected',
  connecting: 'Joining…',
  'pre-connect-buffering': 'Joining…',
  initializing: 'Getting ready…',
  idle: 'Here',
  listening: 'Listening',
  thinking: 'Thinking',
  speaking: 'Speaking',
  failed: 'Not here',
};

export function AgentState({ state }: { state: State }) {
  return (
    <p className="pill" data-testid="agent-state" data-state={state}>
      <span className="pill__dot" aria-hidden="true" />
      {LABELS[state]}
    </p>
  );
}
