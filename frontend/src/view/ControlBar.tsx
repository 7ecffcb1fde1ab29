import type { Interrupt } from '../agent/useInterrupt';
import type { Microphone } from '../media/useMicrophone';
import type { Sharing } from '../media/useSharing';
import { CaptionsIcon, ChatIcon, HangUpIcon, StopIcon } from './icons';
import { MicrophoneControl } from './MicrophoneControl';
import { ShareControls } from './ShareControls';

interface ControlBarProps {
  microphone: Microphone;
  interrupt: Interrupt;
  sharing: Sharing;
  captions: boolean;
  onCaptions: (shown: boolean) => void;
  chat: boolean;
  onChat: (open: boolean) => void;
  onHangUp: () => void;
}

export function ControlBar(props: ControlBarProps) {
  const { microphone, interrupt, sharing, captions, onCaptions, chat, onChat, onHangUp } = props;
  return (
    <div className="controls" role="toolbar" aria-label="Call">
      <MicrophoneControl microphone={microphone} />
      <ShareControls sharing={sharing} />
      <button
        type="button"
        className="control control--interrupt"
        data-testid="interrupt"
        disabled={!interrupt.possible}
        aria-keyshortcuts="Escape"
        title="Interrupt (Esc)"
        onClick={interrupt.interrupt}
      >
        <StopIcon />
        <span className="control__label">Interrupt</span>
      </button>
      <button
        type="button"
        className="control control--captions"
        data-testid="captions-toggle"
        aria-pressed={captions}
        aria-label="Captions"
        title={captions ? 'Hide captions' : 'Show captions'}
        onClick={() => {
          onCaptions(!captions);
        }}
      >
        <CaptionsIcon />
      </button>
      <button
        type="button"
        className="control"
        data-testid="chat-toggle"
        aria-expanded={chat}
        aria-label="Chat"
        title={chat ? 'Hide chat' : 'Show chat'}
        onClick={() => {
          onChat(!chat);
        }}
      >
        <ChatIcon />
      </button>
      <button
        type="button"
        className="control control--hangup"
        data-testid="hangup"
        aria-label="Hang up"
        title="Hang up"
        onClick={onHangUp}
      >
        <HangUpIcon />
      </button>
    </div>
  );
}
