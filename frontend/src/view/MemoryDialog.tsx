import { useEffect, useId, useRef, useState } from 'react';
import { fetchMemory, forgetMemory, type Memory } from '../person/memory';
import { CloseIcon } from './icons';

interface MemoryDialogProps {
  secret: string;
  onForgotten: () => void;
  onClose: () => void;
}

type Reading = 'reading' | 'failed' | Memory;

/** All that is remembered of a person: to read, to take along, to delete. */
export function MemoryDialog({ secret, onForgotten, onClose }: MemoryDialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [memory, setMemory] = useState<Reading>('reading');

  useEffect(() => {
    dialog.current?.showModal();
    const controller = new AbortController();
    const { signal } = controller;
    fetchMemory(secret, signal).then(setMemory, () => {
      if (!signal.aborted) setMemory('failed');
    });
    return () => {
      controller.abort();
    };
  }, [secret]);

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes it
    <dialog
      className="memory"
      ref={dialog}
      aria-labelledby={id}
      data-testid="memory"
      onClose={onClose}
      onKeyDown={(event) => {
        // The browser closes it; nobody else shall take the key for theirs.
        if (event.key === 'Escape') event.stopPropagation();
      }}
    >
      <div className="memory__head">
        <h2 id={id}>What is remembered</h2>
        <button
          type="button"
          className="button button--quiet button--icon"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </div>
      <div className="memory__body">
        {memory === 'reading' ? (
          <p role="status">
            <span className="spinner" aria-hidden="true" /> Reading…
          </p>
        ) : memory === 'failed' ? (
          <p role="alert">The server did not say. Close this and try once more.</p>
        ) : (
          <Remembered memory={memory} />
        )}
      </div>
      <div className="memory__actions">
        {typeof memory === 'object' && (
          <button
            type="button"
            className="button button--small"
            data-testid="memory-download"
            onClick={() => {
              download(memory);
            }}
          >
            Download
          </button>
        )}
        <Forget secret={secret} onForgotten={onForgotten} />
      </div>
    </dialog>
  );
}

function Remembered({ memory: { facts, turns } }: { memory: Memory }) {
  if (facts.length === 0 && turns.length === 0) {
    return <p data-testid="memory-empty">Nothing yet. A conversation is kept when it is over.</p>;
  }
  return (
    <>
      {facts.length > 0 && (
        <>
          <h3>About you</h3>
          <ul className="memory__facts">
            {facts.map((fact, index) => (
              <li key={index}>{fact}</li>
            ))}
          </ul>
        </>
      )}
      {turns.length > 0 && (
        <>
          <h3>What was said</h3>
          <ol className="memory__turns">
            {turns.map(({ at, role, text }, index) => (
              <li key={index}>
                <p className="memory__who">
                  {role === 'user' ? 'You' : 'Visavis'}
                  {', '}
                  <time dateTime={new Date(at * 1000).toISOString()}>
                    {new Date(at * 1000).toLocaleString(undefined, WHEN)}
                  </time>
                </p>
                <p>{text}</p>
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}

const WHEN: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };

type Step = 'no' | 'asked' | 'deleting' | 'failed';

function Forget({ secret, onForgotten }: Pick<MemoryDialogProps, 'secret' | 'onForgotten'>) {
  const [step, setStep] = useState<Step>('no');

  const press = () => {
    if (step === 'no') {
      setStep('asked');
      return;
    }
    setStep('deleting');
    forgetMemory(secret).then(onForgotten, () => {
      setStep('failed');
    });
  };

  return (
    <>
      <button
        type="button"
        className="button button--small button--danger"
        data-testid="forget"
        disabled={step === 'deleting'}
        onClick={press}
      >
        {step === 'no' ? 'Forget me' : 'Delete all of it'}
      </button>
      {step === 'failed' && (
        <p className="memory__failed" role="alert">
          It could not be deleted. Try once more.
        </p>
      )}
    </>
  );
}

function download(memory: Memory) {
  const text = JSON.stringify(memory, null, 2);
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = 'visavis-memory.json';
  link.click();
  // Some browsers read it only after the click.
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 10_000);
}
