/** W3C Screen Wake Lock: a wall that is looked at does not fall asleep. */

/** Asked for whenever the page is shown, or touched: the browser releases it when the page is hidden, or to save its battery. */
export function keepAwake(): void {
  let isHeld = false;
  const ask = () => {
    // Missing outside of secure contexts; refused on a low battery. Then the screen follows the system's settings.
    if (isHeld || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    isHeld = true;
    const release = () => void (isHeld = false);
    navigator.wakeLock
      .request('screen')
      .then((lock) => lock.addEventListener('release', release, { once: true }), release);
  };
  for (const type of ['visibilitychange', 'click', 'keydown']) document.addEventListener(type, ask);
  ask();
}
