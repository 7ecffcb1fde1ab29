import { explainMicrophone } from '../call/problems';
import type { Microphone } from '../media/useMicrophone';
import type { Sharing } from '../media/useSharing';
import { explainDrawing } from '../face/view';
import type { DrawnFace } from '../face/useDrawnFace';
import { CloseIcon } from './icons';

interface NoticesProps {
  microphone: Microphone;
  agentAway: boolean;
  interruptFailed: boolean;
  drawing: DrawnFace;
  sharing: Sharing;
  onType: () => void;
}

/** Troubles with which the conversation can go on. */
export function Notices(props: NoticesProps) {
  const { microphone, agentAway, interruptFailed, drawing, sharing, onType } = props;
  const trouble = microphone.problem === null ? null : explainMicrophone(microphone.problem);
  return (
    <div className="notices">
      {trouble !== null && (
        <div
          className="notice"
          role="alert"
          data-testid="error"
          data-problem={`microphone-${microphone.problem ?? ''}`}
        >
          <p>
            <strong>{trouble.title}.</strong> {trouble.detail}
          </p>
          <div className="notice__actions">
            <button type="button" className="button button--small" onClick={onType}>
              Type
            </button>
            <button
              type="button"
              className="button button--small button--primary"
              data-testid="retry"
              disabled={microphone.busy}
              onClick={microphone.toggle}
            >
              Try again
            </button>
            <button
              type="button"
              className="button button--small button--quiet button--icon"
              aria-label="Dismiss"
              onClick={microphone.dismissProblem}
            >
              <CloseIcon />
            </button>
          </div>
        </div>
      )}
      {drawing.problem !== null && (
        <div
          className="notice"
          role="alert"
          data-testid="error"
          data-problem={`drawing-${drawing.problem}`}
        >
          <p>{explainDrawing(drawing.problem)}</p>
          <div className="notice__actions">
            <button
              type="button"
              className="button button--small button--quiet button--icon"
              aria-label="Dismiss"
              onClick={drawing.dismissProblem}
            >
              <CloseIcon />
            </button>
          </div>
        </div>
      )}
      {sharing.problem !== null && (
        <div
          className="notice"
          role="alert"
          data-testid="error"
          data-problem={`sharing-${sharing.problem}`}
        >
          <p>
            {sharing.problem === 'camera'
              ? 'The camera did not start. Allow it in the browser’s address bar, close what else may be using it, and try again.'
              : 'The screen could not be shown. Try once more.'}
          </p>
          <div className="notice__actions">
            <button
              type="button"
              className="button button--small button--quiet button--icon"
              aria-label="Dismiss"
              onClick={sharing.dismissProblem}
            >
              <CloseIcon />
            </button>
          </div>
        </div>
      )}
      {agentAway && (
        <p className="notice" role="status" data-testid="agent-away">
          <span className="spinner" aria-hidden="true" />
          Your conversation partner dropped out. Getting them back…
        </p>
      )}
      {interruptFailed && (
        <p className="notice" role="alert" data-testid="error" data-problem="interrupt">
          It could not be interrupted. Try once more.
        </p>
      )}
    </div>
  );
}
