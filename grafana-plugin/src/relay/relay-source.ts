/** What the panel needs of a relay data source. The two are bundled apart, so this is all they know of each other. */
import type { Signalling } from '@sightline/media-relay/client';
import type { Observable } from 'rxjs';
import type { KeptPictures } from './kept-pictures.ts';
import type { RelayStreams } from './relay-streams.ts';

export const RELAY_TYPE = 'sightline-relay-datasource';
export const PANEL_TYPE = 'sightline-camera-panel';

export interface RelaySource {
  readonly uid: string;
  readonly type: string;
  readonly name: string;
  readonly signal: Signalling;
  /** The WHEP endpoint of a stream, below the proxy and without Grafana's sub-path. */
  whepUrl(stream: string): string;
  /** The newest picture as JPEG, or why there is none. One request. */
  still(stream: string, widthPixels: number, signal: AbortSignal): Promise<Still>;
  /** What the relay keeps of the past. */
  readonly kept: KeptPictures;
  /** Follows the relay while anybody is subscribed; one poll for all subscribers. Never fails. */
  watchStreams(): Observable<StreamsNews>;
}

export type Still =
  /** `ageMs`: by the relay's clock, undefined where it does not say. */
  | { readonly ok: true; readonly jpeg: Blob; readonly ageMs: number | undefined }
  | { readonly ok: false; readonly status: number; readonly sentence: string };

export type StreamsNews =
  | ({ readonly ok: true } & RelayStreams)
  | { readonly ok: false; readonly status: number; readonly sentence: string };

/** Duck-typed on purpose: `instanceof` does not hold between bundles. */
export function isRelaySource(candidate: unknown): candidate is RelaySource {
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    Reflect.get(candidate, 'type') === RELAY_TYPE &&
    typeof Reflect.get(candidate, 'watchStreams') === 'function'
  );
}

/** Put into `frame.meta.custom` by the data source; tells the panel which relay a row belongs to. */
export interface RelayFrameMeta {
  readonly sightlineRelay: string;
}
