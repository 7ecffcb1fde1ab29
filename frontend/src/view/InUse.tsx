import type { Part } from '../agent/info';
import { InfoIcon } from './icons';
import { Popover } from './Popover';

/** Which models hear, think, speak and move. */
export function InUse({ parts }: { parts: Part[] }) {
  return (
    <Popover label="In use" icon={<InfoIcon />}>
      {parts.length === 0 ? (
        <p className="in-use__none" data-testid="brains">
          Not known yet
        </p>
      ) : (
        <dl className="in-use" data-testid="brains">
          {parts.map(({ label, value }) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Popover>
  );
}
