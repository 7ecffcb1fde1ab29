import { useEffect, useState } from 'react';

/** Whole seconds left of `seconds`, counted from the first render. */
export function useCountdown(seconds: number): number {
  const [until] = useState(() => Date.now() + seconds * 1000);
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => {
      setLeft(Math.max(Math.ceil((until - Date.now()) / 1000), 0));
    }, 250);
    return () => {
      clearInterval(timer);
    };
  }, [until]);
  return left;
}
