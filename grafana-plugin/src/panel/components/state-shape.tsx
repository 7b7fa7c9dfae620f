import type { TileState } from '@sightline/media-relay/client';

/** One shape per state, the same as on the relay's own wall: colour alone tells nobody anything. */
const shapes: Readonly<Record<TileState, string>> = {
  live: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z',
  connecting: 'M8 2a6 6 0 1 0 6 6h-2a4 4 0 1 1-4-4z',
  stalled: 'M3 2h4v12H3zM9 2h4v12H9z',
  offline: 'M3.8 2 8 6.2 12.2 2 14 3.8 9.8 8l4.2 4.2-1.8 1.8L8 9.8 3.8 14 2 12.2 6.2 8 2 3.8z',
  denied: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m-4.5 5.8h9v2.4h-9z',
  'over-capacity': 'M1 2h14v3H1zM1 6.5h14v3H1zM1 11h14v3H1z',
  blocked: 'M8 1.5 15.5 14.5H.5zM7 6v4.5h2V6zm0 5.5v1.7h2v-1.7z',
};

export function StateShape({ state, className }: { readonly state: TileState; readonly className: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={className} data-shape={state}>
      <path d={shapes[state]} />
    </svg>
  );
}

/** A bell, for alerts. */
export function AlertShape({ className }: { readonly className: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={className}>
      <path d="M8 1a1 1 0 0 0-1 1v.6A4.5 4.5 0 0 0 3.5 7v3L2 12v1h12v-1l-1.5-2V7A4.5 4.5 0 0 0 9 2.6V2a1 1 0 0 0-1-1M6 14a2 2 0 0 0 4 0z" />
    </svg>
  );
}

export function SoundShape({ on, className }: { readonly on: boolean; readonly className: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={className}>
      <path d="M1 5.5h3L8 2v12l-4-3.5H1z" />
      {on ? (
        <path d="M10 5a4 4 0 0 1 0 6l1 1.2a5.6 5.6 0 0 0 0-8.4z" />
      ) : (
        <path d="m10 6 1-1 1.8 1.8L14.5 5l1 1-1.7 1.8 1.7 1.8-1 1-1.7-1.8-1.8 1.8-1-1 1.8-1.8z" />
      )}
    </svg>
  );
}
