import { webAddress } from '../address';
import type { Source } from '../conversation/sources';

/** What an answer is taken from. */
export function Sources({ sources }: { sources: readonly Source[] }) {
  return (
    <div className="sources" data-testid="sources">
      <h3>Taken from</h3>
      <ul>
        {sources.map(({ title, where, heading }) => (
          <li key={JSON.stringify([title, where, heading])}>
            <Place title={title === '' ? where : title} where={where} />
            {heading !== '' && heading !== title && (
              <span dir="auto">{heading}</span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Place({ title, where }: { title: string; where: string }) {
  const address = webAddress(where);
  const place = address?.host ?? where;
  return (
    <>
      {address === null ? (
        <span className="sources__title" dir="auto">
          {title}
        </span>
      ) : (
        <a
          className="sources__title"
          dir="auto"
          href={address.href}
          target="_blank"
          rel="noopener noreferrer"
        >
          {title}
        </a>
      )}
      {place !== title && <span>{place}</span>}
    </>
  );
}
