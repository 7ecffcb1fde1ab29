import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Part } from '../agent/info';
import { InfoIcon } from './icons';

/** Which models hear, think, speak and move. */
export function InUse({ parts }: { parts: Part[] }) {
  const panel = useRef<HTMLDetailsElement>(null);

  useEffect(() => {
    const onPress = ({ target }: PointerEvent) => {
      if (panel.current && target instanceof Node && !panel.current.contains(target)) {
        panel.current.open = false;
      }
    };
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('pointerdown', onPress);
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !panel.current?.open) return;
    event.preventDefault();
    panel.current.open = false;
    panel.current.querySelector('summary')?.focus();
  };

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes it
    <details className="in-use" ref={panel} onKeyDown={onKeyDown}>
      <summary className="button button--quiet button--small">
        <InfoIcon />
        In use
      </summary>
      <div className="in-use__panel">
        {parts.length === 0 ? (
          <p className="in-use__none" data-testid="brains">
            Not known yet
          </p>
        ) : (
          <dl data-testid="brains">
            {parts.map(({ label, value }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </details>
  );
}
