import { keepAwake } from '@sightline/media-relay/client';
import { useEffect } from 'react';

/** A display on a wall has nobody who moves its mouse: in kiosk mode its screen stays on. */
export function useWakeLock(isWanted: boolean): void {
  useEffect(() => (isWanted ? keepAwake() : undefined), [isWanted]);
}

export function isKiosk(search: string = location.search): boolean {
  return new URLSearchParams(search).has('kiosk');
}
