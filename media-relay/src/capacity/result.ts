import type { Camera } from './cameras-of-config.ts';
import type { Costs, Host } from './model.ts';
import { mostOf, ownRows, tableRows, type Most, type Row } from './scenarios.ts';

/** What `sightline capacity` found, for text, JSON and metrics alike. */
export interface CapacityResult {
  readonly measuredMs: number;
  readonly isQuick: boolean;
  readonly host: Host;
  readonly costs: Costs;
  /** Why nothing is known of decoding; undefined when it is. */
  readonly withoutDecoding: string | undefined;
  /** Of the packets sent in the heaviest phase, those that the viewers here got. */
  readonly arrivedShare: number;
  /** Of the table. */
  readonly camera: Camera;
  readonly rows: readonly Row[];
  /** For the streams of the configuration; none without streams. */
  readonly own: readonly Row[];
  readonly most: readonly Most[];
  readonly hostPricePerYear: number | undefined;
}

export type Found = Omit<CapacityResult, 'rows' | 'own' | 'most'>;

/** Bit rates for which the most is told. */
const bitratesBps = [500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000];

export function capacityResult(found: Found, ownCameras: readonly Camera[]): CapacityResult {
  const { camera, costs, host } = found;
  const bitrates = [...new Set([...bitratesBps, camera.bitrateBps])].toSorted((a, b) => a - b);
  return {
    ...found,
    rows: tableRows(camera, costs, host),
    own: ownRows(ownCameras, costs, host),
    most: bitrates.map((bitrateBps) => mostOf({ ...camera, bitrateBps }, costs, host)),
  };
}
