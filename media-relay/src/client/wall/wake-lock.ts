/** W3C Screen Wake Lock: a wall that is looked at does not fall asleep. */

/** Asked for whenever the page is shown; the browser itself releases it when the page is hidden. */
export function keepAwake(): void {
  const ask = () => {
    // Missing outside of secure contexts; refused on a low battery. Then the screen follows the system's settings.
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    navigator.wakeLock.request('screen').catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  ask();
}
