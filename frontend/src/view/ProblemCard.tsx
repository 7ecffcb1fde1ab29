import { useEffect, useRef } from 'react';
import { type CallProblem, explainCall } from '../call/problems';
import { isTyping } from '../composing';
import { moveFocus } from '../focus';
import { useCountdown } from './useCountdown';

interface ProblemCardProps {
  problem: CallProblem;
  onRetry: () => void;
  onLeave?: () => void;
}

/** What went wrong with the call, and the way out. */
export function ProblemCard({ problem, onRetry, onLeave }: ProblemCardProps) {
  const { title, detail } = explainCall(problem);
  const left = useCountdown('retryAfter' in problem ? problem.retryAfter : 0);
  const retry = useRef<HTMLButtonElement>(null);
  const waiting = left > 0;

  useEffect(() => {
    // Else the next space that is typed would press it.
    if (!isTyping(document.activeElement)) moveFocus(retry.current);
  }, []);

  return (
    <div className="problem" role="alert" data-testid="error" data-problem={problem.kind}>
      <h2 className="problem__title">{title}</h2>
      <p className="problem__detail">{detail}</p>
      <div className="problem__actions">
        {onLeave && (
          <button type="button" className="button" onClick={onLeave}>
            Close
          </button>
        )}
        <button
          type="button"
          className="button button--primary"
          data-testid="retry"
          ref={retry}
          aria-disabled={waiting}
          onClick={() => {
            if (!waiting) onRetry();
          }}
        >
          {waiting ? `Try again in ${left} s` : 'Try again'}
        </button>
      </div>
    </div>
  );
}
