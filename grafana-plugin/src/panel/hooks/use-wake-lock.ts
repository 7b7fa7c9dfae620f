import { useEffect } from 'react';

/** A display on a wall has nobody who moves its mouse: in kiosk mode its screen stays on. The browser ends it with the page's visibility. */
export function useWakeLock(isWanted: boolean): void {
  useEffect(() => {
    if (!isWanted || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let isOver = false;
    const ask = async () => {
      if (document.visibilityState !== 'visible') return;
      // Refused on battery, or without a secure context: then the display's own settings decide.
      const given = await navigator.wakeLock.request('screen').catch(() => undefined);
      if (isOver) await given?.release();
      else lock = given;
    };
    void ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', ask);
      void lock?.release();
    };
  }, [isWanted]);
}

export function isKiosk(search: string = location.search): boolean {
  return new URLSearchParams(search).has('kiosk');
}
