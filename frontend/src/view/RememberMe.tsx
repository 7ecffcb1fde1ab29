import { useId, useRef, useState } from 'react';
import {
  canKeep,
  keepPerson,
  makeSecret,
  NOBODY,
  type Person,
  recallPerson,
} from '../person/person';
import { MemoryDialog } from './MemoryDialog';

/** Asks whether to be remembered, and shows what is. `note`: what else is to be known here. */
export function RememberMe({ note }: { note?: string }) {
  const id = useId();
  const [possible] = useState(canKeep);
  const [person, setPerson] = useState<Person>(recallPerson);
  const [looking, setLooking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const toggle = useRef<HTMLInputElement>(null);

  const change = (next: Person) => {
    if (keepPerson(next)) setPerson(next);
  };

  return (
    <div className="remember">
      <label className="remember__toggle">
        <input
          type="checkbox"
          role="switch"
          ref={toggle}
          data-testid="remember"
          checked={person.remember}
          disabled={!possible}
          aria-describedby={id}
          onChange={({ target }) => {
            change({ secret: person.secret ?? makeSecret(), remember: target.checked });
          }}
        />
        Remember me
      </label>
      <p className="remember__note" id={id}>
        {possible
          ? 'What you talk about is then kept on this server for your next conversations in this browser, until you delete it.'
          : 'Not possible here: this browser keeps nothing for this page, as in a private window, and could not be recognised.'}
        {possible && note !== undefined && ` ${note}`}
      </p>
      {person.secret !== null && (
        <button
          type="button"
          className="link"
          ref={button}
          data-testid="memory-open"
          onClick={() => {
            setLooking(true);
          }}
        >
          What is remembered
        </button>
      )}
      {looking && person.secret !== null && (
        <MemoryDialog
          secret={person.secret}
          onForgotten={() => {
            change(NOBODY);
            setLooking(false);
            toggle.current?.focus();
          }}
          onClose={() => {
            setLooking(false);
            button.current?.focus();
          }}
        />
      )}
    </div>
  );
}
