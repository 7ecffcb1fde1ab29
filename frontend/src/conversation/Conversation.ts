import { type Room, RoomEvent, type TextStreamReader } from 'livekit-client';
import {
  ATTRIBUTE_SEGMENT_ID,
  ATTRIBUTE_TRANSCRIPTION_FINAL,
  TOPIC_CHAT,
  TOPIC_TRANSCRIPTION,
} from '../protocol';
import { type Line, withAllClosed, withLine } from './lines';

/**
 * The history of one room, as a store for `useSyncExternalStore`. Made before the room connects, so
 * that no first word is missed, and kept after it closes, so that one can still read (LiveKit's
 * `useTranscriptions` forgets everything at the moment the connection is lost).
 */
export class Conversation {
  private readonly room: Room;
  private readonly listeners = new Set<() => void>();
  private lines: readonly Line[] = [];
  private typed = 0;

  /** `lines`: what was said before this page was loaded. */
  constructor(room: Room, lines: readonly Line[] = []) {
    this.room = room;
    this.lines = withAllClosed(lines);
    this.typed = lines.length; // more than there can be ids of typed lines among them
    room.registerTextStreamHandler(TOPIC_TRANSCRIPTION, (reader, { identity }) => {
      void this.follow(reader, identity, 'spoken');
    });
    room.registerTextStreamHandler(TOPIC_CHAT, (reader, { identity }) => {
      void this.follow(reader, identity, 'typed');
    });
    room.on(RoomEvent.Disconnected, () => {
      this.publish(withAllClosed(this.lines));
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly read = (): readonly Line[] => this.lines;

  /** Sends typed text to the agent; `id` names the failed line that is sent again. */
  async send(text: string, id = `typed-${(this.typed += 1)}`): Promise<void> {
    const line: Line = { id, who: 'you', how: 'typed', text, state: 'done' };
    this.put(line);
    try {
      await this.room.localParticipant.sendText(text, { topic: TOPIC_CHAT });
    } catch {
      this.put({ ...line, state: 'failed' });
    }
  }

  /**
   * Speech of the agent is one stream a segment, at the pace of the voice. Speech of the user is
   * one stream for each guess, all with the segment's id; the final one says so.
   */
  private async follow(reader: TextStreamReader, identity: string, how: Line['how']): Promise<void> {
    const you = identity === this.room.localParticipant.identity;
    const id = reader.info.attributes?.[ATTRIBUTE_SEGMENT_ID] ?? reader.info.id;
    let text = '';
    const put = (state: Line['state']) => {
      if (text === '') return;
      this.put({ id, who: you ? 'you' : 'agent', how, text, state });
    };
    try {
      for await (const chunk of reader) {
        text += chunk;
        put('open');
      }
    } catch {
      // The sender is gone in mid-sentence: what has come is what was said.
    }
    // A user's guess may still be replaced; everything else that has ended is complete.
    const final = reader.info.attributes?.[ATTRIBUTE_TRANSCRIPTION_FINAL] !== 'false';
    put(you && how === 'spoken' && !final ? 'open' : 'done');
  }

  private put(line: Line): void {
    this.publish(withLine(this.lines, line));
  }

  private publish(lines: readonly Line[]): void {
    if (lines === this.lines) return;
    this.lines = lines;
    for (const listener of this.listeners) listener();
  }
}
