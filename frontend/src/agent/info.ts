import { parseFields } from '../json';
import {
  ATTRIBUTE_BRAINS,
  ATTRIBUTE_FACE,
  ATTRIBUTE_HEAD,
  ATTRIBUTE_LIPSYNC,
  FACE_STATES,
  type FaceState,
} from '../protocol';

export interface Part {
  label: string;
  value: string;
}

type Attributes = Readonly<Record<string, string>> | undefined;

const BRAIN_LABELS: Readonly<Record<string, string>> = {
  stt: 'Hearing',
  llm: 'Thinking',
  tts: 'Voice',
};

function parseBrains(text: string | undefined): Part[] {
  return Object.entries(parseFields(text ?? '') ?? {})
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
    .map(([name, value]) => ({ label: BRAIN_LABELS[name] ?? name, value }));
}

/** What is in use, from the attributes of the agent and of its avatar; unreadable ones are left out. */
export function partsInUse(agent: Attributes, avatar: Attributes): Part[] {
  const lipsync = avatar?.[ATTRIBUTE_LIPSYNC];
  const head = avatar?.[ATTRIBUTE_HEAD];
  return [
    ...parseBrains(agent?.[ATTRIBUTE_BRAINS]),
    ...(lipsync ? [{ label: 'Lips', value: lipsync }] : []),
    ...(head ? [{ label: 'Head', value: head }] : []),
  ];
}

/** Null for an agent that does not say, such as one that has no avatar at all. */
export function faceStateOf(agent: Attributes): FaceState | null {
  return FACE_STATES.find((state) => state === agent?.[ATTRIBUTE_FACE]) ?? null;
}
