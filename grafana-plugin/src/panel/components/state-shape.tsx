import { statePaths } from '@sightline/media-relay/client';
import type { TileState } from '@sightline/media-relay/client';

/** The same shapes as on the relay's own pages: colour alone tells nobody anything. */
export function StateShape({
  state,
  className,
}: {
  readonly state: TileState | 'refused';
  readonly className: string;
}) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={className} data-shape={state}>
      <path d={statePaths[state]} />
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
