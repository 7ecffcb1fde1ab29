import { useEffect, useEffectEvent, useId, useRef } from 'react';
import { BACKGROUNDS, EMOTIONS, titleOf } from '../agent/appearance';
import type { Appearance as Look } from '../agent/useAppearance';
import { parseBackground } from '../face/background';
import type { DrawnFace } from '../face/useDrawnFace';
import { FaceIcon } from './icons';
import { Popover } from './Popover';

interface AppearanceProps {
  drawing: DrawnFace;
  look: Look;
}

/** How the conversation partner looks, and who draws it. */
export function Appearance({ drawing, look }: AppearanceProps) {
  if (!drawing.possible && !look.possible) return null;
  return (
    <Popover label="Appearance" icon={<FaceIcon />} testId="appearance">
      <div className="panel" aria-busy={look.pending}>
        {look.possible && <Looks look={look} />}
        {drawing.possible && <Picture drawing={drawing} />}
      </div>
    </Popover>
  );
}

function Looks({ look }: { look: Look }) {
  const id = useId();
  const shown = parseBackground(look.background);
  return (
    <>
      {look.heads.length > 1 && (
        <Choice
          id={`${id}-head`}
          label="Head"
          testId="head"
          value={look.head}
          names={look.heads}
          onChoose={(head) => {
            look.change({ head });
          }}
        />
      )}
      <Choice
        id={`${id}-emotion`}
        label="Feeling"
        testId="emotion"
        value={look.emotion}
        names={EMOTIONS}
        onChoose={(emotion) => {
          look.change({ emotion });
        }}
      />
      <fieldset className="swatches">
        <legend>Background</legend>
        {BACKGROUNDS.map(({ name, value }) => (
          <button
            key={value}
            type="button"
            className="swatch"
            style={{ background: gradientOf(value) }}
            aria-label={name}
            title={name}
            aria-pressed={value === look.background?.toLowerCase()}
            onClick={() => {
              look.change({ background: value });
            }}
          />
        ))}
        <AnyColour
          key={shown.colour}
          colour={shown.colour}
          onChoose={(background) => {
            look.change({ background });
          }}
        />
      </fieldset>
      <p className="panel__state" role="status">
        {look.problem ?? (look.pending ? 'Changing…' : '')}
      </p>
    </>
  );
}

interface AnyColourProps {
  colour: string;
  onChoose: (colour: string) => void;
}

function AnyColour({ colour, onChoose }: AnyColourProps) {
  const input = useRef<HTMLInputElement>(null);
  const choose = useEffectEvent(onChoose);

  // The browser's own event: React's comes at each colour on the way.
  useEffect(() => {
    const element = input.current;
    const onChange = () => {
      if (element) choose(element.value);
    };
    element?.addEventListener('change', onChange);
    return () => {
      element?.removeEventListener('change', onChange);
    };
  }, []);

  return (
    <input
      ref={input}
      type="color"
      className="swatch"
      aria-label="Any colour"
      title="Any colour"
      defaultValue={colour}
    />
  );
}

interface ChoiceProps {
  id: string;
  label: string;
  testId: string;
  /** What is in force, perhaps none of the names. */
  value: string | undefined;
  names: readonly string[];
  onChoose: (name: string) => void;
}

function Choice({ id, label, testId, value, names, onChoose }: ChoiceProps) {
  const known = value !== undefined && names.includes(value);
  return (
    <div className="panel__row">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        data-testid={`appearance-${testId}`}
        value={known ? value : ''}
        onChange={({ target }) => {
          onChoose(target.value);
        }}
      >
        {!known && (
          <option value="" disabled>
            {value === undefined ? '' : 'Another'}
          </option>
        )}
        {names.map((name) => (
          <option key={name} value={name}>
            {titleOf(name)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Picture({ drawing }: { drawing: DrawnFace }) {
  return (
    <fieldset className="choice">
      <legend>Picture</legend>
      <label>
        <input
          type="radio"
          name="picture"
          data-testid="picture-video"
          checked={!drawing.chosen}
          onChange={() => {
            drawing.choose(false);
          }}
        />
        Video
      </label>
      <label>
        <input
          type="radio"
          name="picture"
          data-testid="picture-drawn"
          checked={drawing.chosen}
          onChange={() => {
            drawing.choose(true);
          }}
        />
        Drawn on this device
        {drawing.view === 'loading' && <span className="spinner" role="status" aria-label="Loading" />}
      </label>
      <p className="choice__note">
        Drawn here it is as sharp as your screen, and needs little of the network.
      </p>
    </fieldset>
  );
}

function gradientOf(background: string): string {
  const { colour, bottom } = parseBackground(background);
  return bottom === null ? colour : `linear-gradient(${colour}, ${bottom})`;
}
