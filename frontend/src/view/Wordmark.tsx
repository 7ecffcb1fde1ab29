export function Wordmark() {
  return (
    <span className="wordmark">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <circle className="wordmark__you" cx="12" cy="16" r="9" />
        <circle className="wordmark__it" cx="20" cy="16" r="9" />
      </svg>
      visavis
    </span>
  );
}
