import type { ReactNode } from 'react';
import type { NearLimit } from '../agent/useLimit';
import { explainMicrophone } from '../call/problems';
import type { Microphone } from '../media/useMicrophone';
import type { Sharing } from '../media/useSharing';
import { explainDrawing } from '../face/view';
import type { DrawnFace } from '../face/useDrawnFace';
import { CloseIcon } from './icons';

interface NoticesProps {
  microphone: Microphone;
  agentAway: boolean;
  limit: NearLimit | null;
  interruptFailed: boolean;
  drawing: DrawnFace;
  sharing: Sharing;
  onType: () => void;
}

/** Troubles with which the conversation can go on. */
export function Notices(props: NoticesProps) {
  const { microphone, agentAway, limit, interruptFailed, drawing, sharing, onType } = props;
  const trouble = microphone.problem === null ? null : explainMicrophone(microphone.problem);
  return (
    <div className="notices">
      {trouble !== null && (
        <Notice
          problem={`microphone-${microphone.problem ?? ''}`}
          onDismiss={microphone.dismissProblem}
          actions={
            <>
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
            </>
          }
        >
          <strong>{trouble.title}.</strong> {trouble.detail}
        </Notice>
      )}
      {drawing.problem !== null && (
        <Notice problem={`drawing-${drawing.problem}`} onDismiss={drawing.dismissProblem}>
          {explainDrawing(drawing.problem)}
        </Notice>
      )}
      {sharing.problem !== null && (
        <Notice problem={`sharing-${sharing.problem}`} onDismiss={sharing.dismissProblem}>
          {sharing.problem === 'camera'
            ? 'The camera did not start. Allow it in the browser’s address bar, close what else may be using it, and try again.'
            : 'The screen could not be shown. Try once more.'}
        </Notice>
      )}
      {limit !== null && (
        <div className="notice" role="status" data-testid="limit" data-limit={limit.name}>
          <p>
            {limit.name === 'idle'
              ? 'Nobody has said a word for a while, so the conversation ends soon. Say something to go on.'
              : 'The time for this conversation is almost over.'}
          </p>
          {/* Not read aloud each second: whoever listens has been told by voice. */}
          <strong className="notice__count" aria-hidden="true" data-testid="limit-seconds">
            {limit.remaining} s
          </strong>
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

interface NoticeProps {
  /** Its name, for tests. */
  problem: string;
  children: ReactNode;
  /** What else can be done than to dismiss it. */
  actions?: ReactNode;
  onDismiss: () => void;
}

function Notice({ problem, children, actions, onDismiss }: NoticeProps) {
  return (
    <div className="notice" role="alert" data-testid="error" data-problem={problem}>
      <p>{children}</p>
      <div className="notice__actions">
        {actions}
        <button
          type="button"
          className="button button--small button--quiet button--icon"
          aria-label="Dismiss"
          onClick={onDismiss}
        >
          <CloseIcon />
        </button>
      </div>
    </div>
  );
}
