/** W3C Screen Wake Lock: a wall that is looked at does not fall asleep. */

/** Nobody touches or hides a wall display: what its browser refused, or took back to save its battery, it may give later. */
const ASK_AGAIN_MS = 30_000;

/** Holds the lock whenever the page is shown and the browser allows it, until the function that it returns is called. */
export function keepAwake(): () => void {
  const over = new AbortController();
  const { signal } = over;
  let lock: WakeLockSentinel | undefined;
  let isAsking = false;
  const ask = async () => {
    // Missing outside of secure contexts; refused on a low battery. Then the screen follows the system's settings.
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    if (isAsking || lock?.released === false) return;
    isAsking = true;
    lock = await navigator.wakeLock.request('screen').catch(() => undefined);
    isAsking = false;
    if (signal.aborted) void lock?.release();
  };
  // The browser ends it with the page's visibility, and some give it only after a gesture.
  for (const type of ['visibilitychange', 'click', 'keydown'])
    document.addEventListener(type, () => void ask(), { signal });
  const timer = setInterval(() => void ask(), ASK_AGAIN_MS);
  void ask();
  return () => {
    over.abort();
    clearInterval(timer);
    void lock?.release();
  };
}
