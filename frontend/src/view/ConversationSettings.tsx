import { useEffect, useId, useRef, useState } from 'react';
import { LANGUAGES, type Mode, nameOfLanguage, SPEED } from '../agent/talk';
import type { TalkControl } from '../agent/useTalk';
import { SettingsIcon } from './icons';
import { Popover } from './Popover';
import { RememberMe } from './RememberMe';

/** How the conversation is held. */
export function ConversationSettings({ control }: { control: TalkControl }) {
  const id = useId();
  const { talk, asked, ask, pending, problem } = control;
  if (!control.possible || talk === null) return null;
  return (
    <Popover label="Conversation" icon={<SettingsIcon />} testId="settings">
      <div className="panel" aria-busy={pending}>
        <div className="panel__row">
          <label htmlFor={`${id}-language`}>Language</label>
          <select
            id={`${id}-language`}
            data-testid="settings-language"
            value={asked.language ?? talk.language}
            onChange={({ target }) => {
              void ask({ language: target.value });
            }}
          >
            {LANGUAGES.map((code) => (
              <option key={code} value={code} lang={code}>
                {nameOfLanguage(code)}
              </option>
            ))}
          </select>
        </div>
        <Speed inForce={talk.speed} onChoose={(speed) => ask({ speed })} />
        <ModeChoice
          mode={asked.mode ?? talk.mode}
          onChoose={(mode) => {
            void ask({ mode });
          }}
        />
        <p className="panel__state" role="status" data-testid="settings-state">
          {problem ?? (pending ? 'Changing…' : '')}
        </p>
        <hr />
        <RememberMe note="A change counts from the next conversation on." />
      </div>
    </Popover>
  );
}

/** A slider passes many values on its way to the one that is meant. */
const SETTLED_MS = 400;

interface SpeedProps {
  inForce: number;
  onChoose: (speed: number) => Promise<void>;
}

function Speed({ inForce, onChoose }: SpeedProps) {
  const id = useId();
  const [draft, setDraft] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const shown = draft ?? inForce;

  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );

  const onMove = (speed: number) => {
    setDraft(speed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      void onChoose(speed).then(() => {
        setDraft((now) => (now === speed ? null : now));
      });
    }, SETTLED_MS);
  };

  return (
    <div className="panel__row">
      <label htmlFor={id}>Speed</label>
      <span className="settings__slider">
        <input
          id={id}
          type="range"
          data-testid="settings-speed"
          data-in-force={inForce}
          min={SPEED.slowest}
          max={SPEED.fastest}
          step={SPEED.step}
          value={shown}
          aria-valuetext={`${shown.toFixed(2)} times`}
          onChange={({ target }) => {
            onMove(target.valueAsNumber);
          }}
        />
        <output htmlFor={id}>{shown.toFixed(2)}×</output>
      </span>
    </div>
  );
}

const MODES: Readonly<Record<Mode, { title: string; detail: string }>> = {
  dialogue: { title: 'Dialogue', detail: 'It answers you.' },
  retelling: { title: 'Retelling', detail: 'It says, word for word, what you type.' },
};

function ModeChoice({ mode, onChoose }: { mode: Mode; onChoose: (mode: Mode) => void }) {
  const id = useId();
  return (
    <fieldset className="choice">
      <legend>What it does</legend>
      {(['dialogue', 'retelling'] as const).map((each) => (
        <label key={each}>
          <input
            type="radio"
            name={id}
            data-testid={`settings-${each}`}
            checked={mode === each}
            onChange={() => {
              onChoose(each);
            }}
          />
          <span>
            {MODES[each].title} <span className="settings__detail">{MODES[each].detail}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
