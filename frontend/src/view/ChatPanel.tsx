import { useEffect, useRef } from 'react';
import type { Conversation } from '../conversation/Conversation';
import { describeFate } from '../conversation/files';
import type { Line } from '../conversation/lines';
import { Composer } from './Composer';
import { AttachIcon, CloseIcon } from './icons';
import { Sources } from './Sources';

interface ChatPanelProps {
  lines: readonly Line[];
  conversation: Conversation;
  canSend: boolean;
  /** To whom files can be given. */
  reader: string | null;
  over: boolean;
  /** What is typed is said, not answered. */
  retells: boolean;
  onClose: () => void;
}

const NEAR_END_PX = 48;

function ChatLine({ line, onResend }: { line: Line; onResend: () => void }) {
  return (
    <li
      className="line"
      data-testid="chat-line"
      data-who={line.who}
      data-how={line.how}
      data-state={line.state}
    >
      <span className="sr-only">{line.who === 'you' ? 'You: ' : 'Visavis: '}</span>
      {line.file ? (
        <p className="line__file">
          <AttachIcon />
          <span dir="auto">{line.text}</span>
        </p>
      ) : (
        <p className="line__text" dir="auto" lang={line.language}>
          {line.text.trim()}
        </p>
      )}
      {line.file && (
        <p className="line__fate" role="status" data-testid="file-fate">
          {describeFate(line.file, line.state === 'open')}
        </p>
      )}
      {line.sources && <Sources sources={line.sources} />}
      {line.state === 'failed' && (
        <p className="line__failed" role="alert">
          Not sent.{' '}
          <button type="button" className="link" onClick={onResend}>
            Send again
          </button>
        </p>
      )}
    </li>
  );
}

/** Everything that was said and typed, and a place to type. */
export function ChatPanel(props: ChatPanelProps) {
  const { lines, conversation, canSend, reader, over, retells, onClose } = props;
  const log = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    if (atEnd.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [lines]);

  const onScroll = () => {
    if (log.current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = log.current;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  };

  const send = (text: string, id?: string) => {
    atEnd.current = true;
    void conversation.send(text, id);
  };

  return (
    <aside className="chat" aria-label="Chat">
      <div className="chat__head">
        <h2>Conversation</h2>
        <button
          type="button"
          className="button button--quiet button--icon"
          aria-label="Close the chat"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </div>
      {/* The captions speak to screen readers; here the same words would come twice. */}
      <ol
        className="chat__log"
        data-testid="chat-log"
        ref={log}
        // A scrollable region must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        aria-label="History"
        onScroll={onScroll}
      >
        {lines.length === 0 && (
          <li className="chat__empty">What you both say appears here.</li>
        )}
        {lines.map((line) => (
          <ChatLine
            key={line.id}
            line={line}
            onResend={() => {
              send(line.text, line.id);
            }}
          />
        ))}
      </ol>
      <Composer
        canSend={canSend}
        over={over}
        retells={retells}
        onSend={send}
        onFile={
          reader === null
            ? null
            : (file) => {
                atEnd.current = true;
                void conversation.sendFile(file, reader);
              }
        }
      />
    </aside>
  );
}
