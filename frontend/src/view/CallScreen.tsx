import { RoomAudioRenderer, RoomContext } from '@livekit/components-react';
import { useEffect, useRef, useState } from 'react';
import { useAgent } from '../agent/useAgent';
import { useAppearance } from '../agent/useAppearance';
import { useInterrupt } from '../agent/useInterrupt';
import { useLimit } from '../agent/useLimit';
import { useTalk } from '../agent/useTalk';
import type { Call } from '../call/openCall';
import type { CallProblem } from '../call/problems';
import { useAgentPresence } from '../call/useAgentPresence';
import { useDrawnFace } from '../face/useDrawnFace';
import { captionOf, toldOf } from '../conversation/lines';
import { useLines } from '../conversation/useLines';
import { moveFocus } from '../focus';
import { useLipSync } from '../media/useLipSync';
import { useMicrophone } from '../media/useMicrophone';
import { useSharing } from '../media/useSharing';
import { useWakeLock } from '../media/useWakeLock';
import { Appearance } from './Appearance';
import { Captions } from './Captions';
import { Cards } from './Cards';
import { ChatPanel } from './ChatPanel';
import { Connection } from './Connection';
import { ConversationSettings } from './ConversationSettings';
import { ControlBar } from './ControlBar';
import { InUse } from './InUse';
import { Notices } from './Notices';
import { Stage } from './Stage';
import { Wordmark } from './Wordmark';

interface CallScreenProps {
  call: Call;
  problem: CallProblem | null;
  onRestart: () => void;
  onHangUp: () => void;
}

/** Where the chat fits beside the picture, it is open from the start. */
const ROOM_FOR_CHAT = '(min-width: 68rem)';

function OpenCall({ call, problem, onRestart, onHangUp }: CallScreenProps) {
  const agent = useAgent();
  const lines = useLines(call.conversation);
  const microphone = useMicrophone(call);
  const interrupt = useInterrupt(agent);
  const limit = useLimit(agent);
  const look = useAppearance(agent);
  const drawing = useDrawnFace(agent, look.drawable);
  useLipSync(agent.audio?.publication.track, agent.video?.publication.track);
  const sharing = useSharing(agent);
  const control = useTalk(agent);
  const presence = useAgentPresence(agent.participant, call.callAgent);
  const trouble = problem ?? presence.problem;
  const [captions, setCaptions] = useState(true);
  const [chat, setChat] = useState(() => window.matchMedia(ROOM_FOR_CHAT).matches);
  const main = useRef<HTMLElement>(null);
  useWakeLock();

  useEffect(() => {
    moveFocus(main.current, { preventScroll: true });
  }, []);

  return (
    <div className="call" data-chat={chat}>
      <header className="call__header">
        <h1 className="call__name">
          <Wordmark />
        </h1>
        <div className="call__status">
          <Connection />
          <ConversationSettings control={control} />
          <Appearance drawing={drawing} look={look} />
          <InUse parts={agent.parts} />
        </div>
      </header>
      <main className="call__main" ref={main} tabIndex={-1} aria-label="Conversation">
        <Stage
          agent={agent}
          drawing={drawing}
          microphone={microphone}
          shared={sharing.tracks}
          problem={trouble}
          onRestart={onRestart}
          onHangUp={onHangUp}
        />
        <Cards deck={call.deck} />
        <Captions line={captionOf(lines)} told={toldOf(lines)} shown={captions} />
        <Notices
          microphone={microphone}
          agentAway={presence.away && trouble === null}
          limit={limit}
          interruptFailed={interrupt.failed}
          drawing={drawing}
          sharing={sharing}
          onType={() => {
            setChat(true);
          }}
        />
        <ControlBar
          microphone={microphone}
          interrupt={interrupt}
          sharing={sharing}
          captions={captions}
          onCaptions={setCaptions}
          chat={chat}
          onChat={setChat}
          onHangUp={onHangUp}
        />
      </main>
      {chat && (
        <ChatPanel
          lines={lines}
          conversation={call.conversation}
          canSend={agent.participant !== undefined}
          reader={agent.takesFiles ? (agent.participant?.identity ?? null) : null}
          over={trouble !== null}
          retells={control.talk?.mode === 'retelling'}
          onClose={() => {
            setChat(false);
          }}
        />
      )}
      <RoomAudioRenderer />
    </div>
  );
}

export default function CallScreen(props: CallScreenProps) {
  return (
    <RoomContext value={props.call.room}>
      <OpenCall {...props} />
    </RoomContext>
  );
}
