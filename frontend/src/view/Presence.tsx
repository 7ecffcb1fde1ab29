import type { RefObject } from 'react';

interface PresenceProps {
  /** Carries `--voice` (the agent's loudness) and `--you-level` (the user's), 0 to 1. */
  levels?: RefObject<HTMLDivElement | null>;
  /** Breathes by itself, for as long as nobody speaks. */
  breathing?: boolean;
}

/** Two round forms that meet: what is shown where there is no face. */
export function Presence({ levels, breathing = false }: PresenceProps) {
  return (
    <div className="presence" data-breathing={breathing} ref={levels} aria-hidden="true">
      <span className="presence__form presence__form--you" />
      <span className="presence__form presence__form--it" />
    </div>
  );
}
