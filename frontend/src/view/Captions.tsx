import type { Line } from '../conversation/lines';
import { finishedSentences, words } from '../conversation/sentences';

interface CaptionsProps {
  line: Line | null;
  /** To a screen reader. */
  told: Line | null;
  shown: boolean;
}

/**
 * What is being said, word by word as it is heard. A screen reader gets whole sentences of the agent
 * instead, for it would start over with every word.
 */
export function Captions({ line, told, shown }: CaptionsProps) {
  return (
    <>
      <div className="captions">
        <div className="captions__window" aria-hidden="true">
          <p
            className="captions__text"
            data-testid="captions"
            dir="auto"
            lang={line?.language}
            data-who={line?.who}
            data-open={line?.state === 'open'}
            key={line?.id}
          >
            {shown &&
              line !== null &&
              words(line.text).map((word, index) => (
                <span key={index} className="captions__word">
                  {word}
                </span>
              ))}
          </p>
        </div>
      </div>
      {/* Not in there: where the chat takes the captions' place, they are hidden from everybody. */}
      <div className="sr-only" role="log" aria-label="Captions" aria-live="polite">
        {told?.who === 'agent' &&
          finishedSentences(told.text, told.state !== 'open').map((sentence, index) => (
            <p key={`${told.id}-${index}`} dir="auto" lang={told.language}>
              {sentence}
            </p>
          ))}
      </div>
    </>
  );
}
