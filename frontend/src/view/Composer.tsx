import { type KeyboardEvent, type SyntheticEvent, useState } from 'react';
import { SendIcon } from './icons';

interface ComposerProps {
  /** Somebody is there to read. */
  canSend: boolean;
  over: boolean;
  /** The text will be spoken as it is. */
  retells: boolean;
  onSend: (text: string) => void;
}

const LONGEST = 2000;

export function Composer({ canSend, over, retells, onSend }: ComposerProps) {
  const [text, setText] = useState('');
  const label = retells ? 'Type what it shall say' : 'Type a message';
  const ready = canSend && text.trim() !== '';

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready) return;
    onSend(text.trim());
    setText('');
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composition of a Japanese or Chinese word is not "send".
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };

  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        className="composer__input"
        data-testid="chat-input"
        aria-label={retells ? 'Text that will be spoken' : 'Message'}
        placeholder={over ? 'The conversation is over' : label}
        disabled={over}
        rows={1}
        maxLength={LONGEST}
        enterKeyHint="send"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
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
  );
}
