import { type KeyboardEvent, type SyntheticEvent, useId, useRef, useState } from 'react';
import { isComposing } from '../composing';
import { recallDraft, rememberDraft } from '../conversation/draft';
import { FILE_TYPES } from '../conversation/files';
import { MESSAGE_LIMIT } from '../protocol';
import { AttachIcon, SendIcon } from './icons';

interface ComposerProps {
  /** Somebody is there to read. */
  canSend: boolean;
  over: boolean;
  /** The text will be spoken as it is. */
  retells: boolean;
  onSend: (text: string) => void;
  /** Null where no file can be given. */
  onFile: ((file: File) => void) | null;
}

const NUMBERS = new Intl.NumberFormat('en');

/** Characters beyond what the agent takes. */
function excessOf(text: string): number {
  if (text.length <= MESSAGE_LIMIT) return 0; // It counts more, never fewer.
  return Math.max(0, Array.from(text).length - MESSAGE_LIMIT);
}

function explainExcess(excess: number): string {
  const characters = excess === 1 ? 'character' : 'characters';
  return `This is too long to be sent, by ${NUMBERS.format(excess)} ${characters}.`;
}

export function Composer({ canSend, over, retells, onSend, onFile }: ComposerProps) {
  const [text, setText] = useState(recallDraft);
  const files = useRef<HTMLInputElement>(null);
  const label = retells ? 'Type what it shall say' : 'Type a message';
  const excess = excessOf(text.trim());
  const ready = canSend && !over && text.trim() !== '' && excess === 0;
  const tooLong = useId();

  const write = (draft: string) => {
    rememberDraft(draft);
    setText(draft);
  };

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready) return;
    onSend(text.trim());
    write('');
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composition of a Japanese or Chinese word is not "send".
    if (event.key === 'Enter' && !event.shiftKey && !isComposing(event.nativeEvent)) submit(event);
  };

  return (
    <>
      {/* Always there: of a region that comes with its words a screen reader may say nothing. */}
      <p className="composer__long" role="status" id={tooLong}>
        {excess > 0 && explainExcess(excess)}
      </p>
      <form className="composer" data-files={onFile !== null && !over} onSubmit={submit}>
        {onFile !== null && !over && (
          <>
            <button
              type="button"
              className="composer__attach"
              data-testid="attach"
              aria-label="Give a file"
              title="Give a picture or a document"
              onClick={() => files.current?.click()}
            >
              <AttachIcon />
            </button>
            <input
              type="file"
              ref={files}
              hidden
              data-testid="attach-file"
              accept={FILE_TYPES}
              onChange={({ target }) => {
                const file = target.files?.[0];
                if (file) onFile(file);
                target.value = ''; // The same one may be given again.
              }}
            />
          </>
        )}
        <textarea
          className="composer__input"
          data-testid="chat-input"
          aria-label={retells ? 'Text that will be spoken' : 'Message'}
          placeholder={over ? 'The conversation is over' : label}
          // Disabled it would lose the focus, and whoever types their place.
          readOnly={over}
          dir="auto"
          rows={1}
          aria-invalid={excess > 0}
          aria-describedby={tooLong}
          enterKeyHint="send"
          value={text}
          onChange={({ target }) => {
            write(target.value);
          }}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          className="composer__send"
          data-testid="chat-send"
          aria-label="Send"
          disabled={!ready}
        >
          <SendIcon />
        </button>
      </form>
    </>
  );
}
