import { type Room, RoomEvent, type TextStreamReader } from 'livekit-client';
import { parseTalk } from '../agent/talk';
import {
  ATTRIBUTE_SEGMENT_ID,
  ATTRIBUTE_SETTINGS,
  ATTRIBUTE_TRANSCRIPTION_FINAL,
  TOPIC_CHAT,
  TOPIC_FILE,
  TOPIC_SOURCES,
  TOPIC_TRANSCRIPTION,
} from '../protocol';
import { Store } from '../store';
import { type FileFate, LONGEST_FILE, parseFileNews, UNKNOWN_FATE } from './files';
import { type Line, withAllClosed, withLine } from './lines';
import { asksFor, type Basis, NO_BASIS, parseBasis } from './sources';

interface AwaitedFile {
  /** Identity of whom it was given to. */
  agent: string;
  end: (fate: FileFate) => void;
}

const LOST_WITH_AGENT: FileFate = {
  kind: null,
  error: 'your conversation partner was lost before it was read; send it again.',
};

/**
 * The history of one room. Made before the room connects, so that no first word is missed, and kept
 * after it closes, so that one can still read (LiveKit's `useTranscriptions` forgets everything at
 * the moment the connection is lost).
 */
export class Conversation extends Store<readonly Line[]> {
  private readonly room: Room;
  private typed = 0;
  /** Of the answer that begins. */
  private basis: Basis = NO_BASIS;
  /** Of files, by the id of their stream: the agent may answer before the last byte has left. */
  private readonly fates = new Map<string, FileFate>();
  private readonly awaited = new Map<string, AwaitedFile>();

  /** `lines`: what was said before this page was loaded. */
  constructor(room: Room, lines: readonly Line[] = []) {
    super(withAllClosed(lines));
    this.room = room;
    this.typed = lines.length; // more than there can be ids of typed lines among them
    room.registerTextStreamHandler(TOPIC_TRANSCRIPTION, (reader, { identity }) => {
      void this.follow(reader, identity, 'spoken');
    });
    room.registerTextStreamHandler(TOPIC_CHAT, (reader, { identity }) => {
      void this.follow(reader, identity, 'typed');
    });
    room.registerTextStreamHandler(TOPIC_SOURCES, (reader, { identity }) => {
      if (room.remoteParticipants.get(identity)?.isAgent) void this.expect(reader);
    });
    room.registerTextStreamHandler(TOPIC_FILE, (reader, { identity }) => {
      if (room.remoteParticipants.get(identity)?.isAgent) void this.learnFate(reader);
    });
    room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => {
      this.loseFilesOf(identity);
    });
    room.on(RoomEvent.Disconnected, () => {
      this.publish(withAllClosed(this.read()));
    });
  }

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

  /** Gives a file to the agent; its line tells what becomes of it. */
  async sendFile(file: File, agent: string): Promise<void> {
    const id = `typed-${(this.typed += 1)}`;
    const line: Line = { id, who: 'you', how: 'typed', text: file.name, state: 'open' };
    const end = (fate: FileFate) => {
      this.put({ ...line, state: 'done', file: fate });
    };
    if (file.size > LONGEST_FILE) {
      end({ kind: null, error: `it is larger than ${LONGEST_FILE / 1e6} MB.` });
      return;
    }
    this.put({ ...line, file: UNKNOWN_FATE });
    try {
      const stream = await this.room.localParticipant.sendFile(file, {
        topic: TOPIC_FILE,
        destinationIdentities: [agent],
      });
      const fate = this.fates.get(stream.id);
      if (fate !== undefined) {
        end(fate);
        return;
      }
      this.awaited.set(stream.id, { agent, end });
      if (!this.room.remoteParticipants.has(agent)) this.loseFilesOf(agent);
    } catch {
      end({ kind: null, error: 'it could not be sent.' });
    }
  }

  /**
   * Speech of the agent is one stream a segment, at the pace of the voice. Speech of the user is
   * one stream for each guess, all with the segment's id; the final one says so.
   */
  private async follow(reader: TextStreamReader, identity: string, how: Line['how']): Promise<void> {
    const you = identity === this.room.localParticipant.identity;
    const id = reader.info.attributes?.[ATTRIBUTE_SEGMENT_ID] ?? reader.info.id;
    const language = this.languageOf(identity);
    let text = '';
    const put = (state: Line['state']) => {
      if (text === '') return;
      this.put({ id, who: you ? 'you' : 'agent', how, text, state, ...language });
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

  /** Of the agent; a person may speak any. */
  private languageOf(identity: string): Pick<Line, 'language'> {
    const speaker = this.room.remoteParticipants.get(identity);
    const talk = parseTalk(speaker?.attributes[ATTRIBUTE_SETTINGS]);
    return talk === null ? {} : { language: talk.language };
  }

  private async expect(reader: TextStreamReader): Promise<void> {
    try {
      this.basis = parseBasis(await reader.readAll());
    } catch {
      // The sender is gone, and so is the answer.
    }
  }

  private async learnFate(reader: TextStreamReader): Promise<void> {
    const news = parseFileNews(await reader.readAll().catch(() => ''));
    if (news === null) return;
    const fate = { kind: news.kind, error: news.error };
    this.fates.set(news.id, fate);
    this.awaited.get(news.id)?.end(fate);
    this.awaited.delete(news.id);
  }

  /**
   * They are awaited still: where the whole connection is made anew, LiveKit says of everybody that
   * they have gone, and an agent that never went may answer yet.
   */
  private loseFilesOf(agent: string): void {
    for (const file of this.awaited.values()) {
      if (file.agent === agent) file.end(LOST_WITH_AGENT);
    }
  }

  private put(line: Line): void {
    this.publish(withLine(this.read(), this.withSources(line)));
  }

  /**
   * The first words of an answer take the sources; another question leaves them without one. The
   * same question does not: an agent that answers before it was sure of the last word sends them
   * before the final hearing of it.
   */
  private withSources(line: Line): Line {
    if (line.text.trim() === '') return line;
    if (line.who === 'you') {
      if (!asksFor(this.basis, line.text)) this.basis = NO_BASIS;
      return line;
    }
    const before = this.read().find(({ id }) => id === line.id);
    const sources = before === undefined ? this.basis.sources : before.sources;
    if (before === undefined) this.basis = NO_BASIS;
    return sources?.length ? { ...line, sources } : line;
  }
}
