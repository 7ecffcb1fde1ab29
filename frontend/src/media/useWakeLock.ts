import { useEffect } from 'react';

/** Keeps a phone's screen on during a call, where the browser can. */
export function useWakeLock(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const acquire = () => {
      if (document.visibilityState !== 'visible') return;
      navigator.wakeLock.request('screen').then(
        (sentinel) => {
          if (over) void sentinel.release();
          else lock = sentinel;
        },
        () => undefined, // A battery saver may refuse; the call goes on.
      );
    };
    acquire();
    // The browser drops the lock whenever the page is hidden.
    document.addEventListener('visibilitychange', acquire);
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', acquire);
      void lock?.release();
    };
  }, []);
}
