import { useEffect, useRef } from 'react';
import type { CallStep } from '../call/openCall';
import type { CallPhase } from '../call/useCall';
import { moveFocus } from '../focus';
import { MicIcon } from './icons';
import { Presence } from './Presence';
import { ProblemCard } from './ProblemCard';
import { RememberMe } from './RememberMe';
import { Wordmark } from './Wordmark';

interface StartScreenProps {
  phase: CallPhase;
  onStart: () => void;
  onCancel: () => void;
}

const STEPS: Readonly<Record<CallStep, string>> = {
  microphone: 'Allow the microphone in your browser…',
  agent: 'Finding somebody to talk with…',
  room: 'Connecting…',
  back: 'Bringing you back…',
};

export function StartScreen({ phase, onStart, onCancel }: StartScreenProps) {
  const main = useRef<HTMLElement>(null);

  // After a call, whoever goes by keyboard starts here, not at the top of the page.
  useEffect(() => {
    moveFocus(main.current, { preventScroll: true });
  }, []);

  const problem = phase.name === 'idle' ? phase.problem : null;
  return (
    <div className="start">
      <header className="start__header">
        <Wordmark />
      </header>
      <main className="start__main" ref={main} tabIndex={-1}>
        <Presence breathing />
        <h1 className="start__title">
          Talk <span className="whole">face to face</span> <span className="whole">with an AI</span>
        </h1>
        {problem !== null ? (
          <ProblemCard problem={problem} onRetry={onStart} />
        ) : (
          <>
            <p className="start__line">
              Say what is on your mind.{' '}
              <span className="whole">It listens, looks at you and answers.</span>
            </p>
            {phase.name === 'starting' ? (
              <div className="start__progress">
                <p role="status" data-testid="starting" data-step={phase.step}>
                  <span className="spinner" aria-hidden="true" />
                  {STEPS[phase.step]}
                </p>
                <button type="button" className="button button--quiet" onClick={onCancel}>
                  Cancel
                </button>
              </div>
            ) : (
              <>
                <button
                  type="button"
                  className="button button--primary button--large"
                  data-testid="start"
                  onClick={onStart}
                >
                  <MicIcon />
                  Talk
                </button>
                <p className="start__note">
                  Your microphone is on only during the conversation. You can also just type.
                </p>
                <RememberMe />
              </>
            )}
          </>
        )}
      </main>
    </div>
  );
}
