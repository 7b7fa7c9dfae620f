import { isDeepStrictEqual } from 'node:util';

import type { Config, StreamConfig } from './schema.ts';

export interface ConfigDiff {
  readonly addedStreams: readonly string[];
  /** Another source: the stream has to start anew. */
  readonly changedStreams: readonly string[];
  /** Only what people read or what is asked per viewer changed (title, site, labels, maxViewers, maxBitrate): nothing restarts. */
  readonly relabelledStreams: readonly string[];
  readonly removedStreams: readonly string[];
  /** Settings that a running relay takes over: `log.level`, `tokens`. */
  readonly changedSettings: readonly string[];
  /** Settings that changed but count only after a restart: `http.port`. */
  readonly needsRestart: readonly string[];
}

/** Settings that relay.ts applies while it runs. */
const appliedLive = new Set([
  'access',
  'grafana.url',
  'limits.bitrate',
  'limits.memory',
  'limits.viewers',
  'log.level',
  'tokens',
]);
const sourceFields = [
  'url',
  'substream',
  'onDemand',
  'transport',
  'tlsFingerprint',
] as const satisfies (keyof StreamConfig)[];

export function diffConfig(before: Config, after: Config): ConfigDiff {
  const names = [...after.streams.keys()];
  const kept = names.filter((name) => before.streams.has(name));
  const isRestarted = (name: string) =>
    sourceFields.some((field) => before.streams.get(name)?.[field] !== after.streams.get(name)?.[field]);
  const isDifferent = (name: string) => !isDeepStrictEqual(before.streams.get(name), after.streams.get(name));
  const settings = changedSettings(before, after);
  return {
    addedStreams: names.filter((name) => !before.streams.has(name)),
    changedStreams: kept.filter(isRestarted),
    relabelledStreams: kept.filter((name) => isDifferent(name) && !isRestarted(name)),
    removedStreams: [...before.streams.keys()].filter((name) => !after.streams.has(name)),
    changedSettings: settings.filter((setting) => appliedLive.has(setting)),
    needsRestart: settings.filter((setting) => !appliedLive.has(setting)),
  };
}

export function isUnchanged(diff: ConfigDiff): boolean {
  return Object.values(diff).every((list: readonly string[]) => list.length === 0);
}

/** Two levels deep, as people think of them: `http.tls`, `access`. */
function changedSettings(before: Config, after: Config): string[] {
  const old = flatten(before);
  const current = flatten(after);
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((key) => !isDeepStrictEqual(old.get(key), current.get(key)))
    .toSorted();
}

function flatten(config: Config): Map<string, unknown> {
  const sections = Object.entries(config).filter(([section]) => section !== 'streams');
  const entries = sections.flatMap(([section, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([key, inner]: [string, unknown]) => [`${section}.${key}`, inner] as const)
      : [[section, value] as const],
  );
  return new Map(entries);
}
