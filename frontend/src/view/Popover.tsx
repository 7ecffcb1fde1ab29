import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

interface PopoverProps {
  label: string;
  icon: ReactNode;
  testId?: string;
  children: ReactNode;
}

/** A button in the header with a panel below it, closed by Escape or by a press elsewhere. */
export function Popover({ label, icon, testId, children }: PopoverProps) {
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
    <details className="popover" ref={panel} onKeyDown={onKeyDown} data-testid={testId}>
      <summary className="button button--quiet button--small">
        {icon}
        <span className="popover__label">{label}</span>
      </summary>
      <div className="popover__panel">{children}</div>
    </details>
  );
}
