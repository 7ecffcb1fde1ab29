import { type KeyboardEvent, useId, useSyncExternalStore } from 'react';
import type { Deck, ShownCard } from '../cards/Deck';
import { CloseIcon, OpenIcon } from './icons';

/** What the agent shows to read or to open. It comes without taking the focus. */
export function Cards({ deck }: { deck: Deck }) {
  const cards = useSyncExternalStore(deck.subscribe, deck.read);
  return (
    <section className="cards" aria-label="Cards" aria-live="polite" data-testid="cards">
      {cards.map((card) => (
        <CardView
          key={card.id}
          card={card}
          onDismiss={() => {
            deck.dismiss(card.id);
          }}
        />
      ))}
    </section>
  );
}

function CardView({ card, onDismiss }: { card: ShownCard; onDismiss: () => void }) {
  const id = useId();

  const dismiss = (element: Element) => {
    // Whoever goes by keyboard goes on from the conversation, not from the top of the page.
    element.closest('main')?.focus({ preventScroll: true });
    onDismiss();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation(); // It would interrupt the agent.
    dismiss(event.currentTarget);
  };

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes it
    <article className="card" aria-labelledby={id} data-testid="card" onKeyDown={onKeyDown}>
      <h2 className="card__title" dir="auto" id={id}>
        {card.title}
      </h2>
      <button
        type="button"
        className="button button--small button--quiet button--icon"
        aria-label={`Dismiss: ${card.title}`}
        onClick={({ currentTarget }) => {
          dismiss(currentTarget);
        }}
      >
        <CloseIcon />
      </button>
      {card.text !== '' && (
        <p className="card__text" dir="auto">
          {card.text}
        </p>
      )}
      {card.link && (
        <a
          className="button button--small card__link"
          href={card.link.href}
          target="_blank"
          rel="noopener noreferrer"
        >
          <span className="card__host">{card.link.host}</span>
          <OpenIcon />
          <span className="sr-only">opens in a new tab</span>
        </a>
      )}
    </article>
  );
}
