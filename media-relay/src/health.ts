import type { Alert } from '@sightline/exporter';

import type { EngineSnapshot } from './engine/messages.ts';
import type { HealthReason, HealthReport } from './http/deps.ts';

export interface HealthFacts {
  /** Media threads. */
  readonly engines: { readonly running: number; readonly total: number };
  readonly isStopping: boolean;
  readonly snapshot: EngineSnapshot | undefined;
  /** A limit of the host refuses new viewers. */
  readonly isFull: boolean;
  readonly alerts: readonly Alert[];
  readonly nowMs: number;
}

const sentences = {
  offline: 'A camera cannot be reached.',
  stalled: 'A camera sends no pictures.',
  refused: 'A stream cannot be shown in a browser.',
} as const;

/** A camera or a media thread that is down degrades the relay, and no more: the others play on. */
export function healthOf({
  engines,
  isStopping,
  snapshot,
  isFull,
  alerts,
  nowMs,
}: HealthFacts): HealthReport {
  const reasons: HealthReason[] = [];
  if (isStopping) reasons.push({ code: 'stopping', message: 'The relay is stopping.', blocksViewers: true });
  if (engines.running < engines.total && !isStopping)
    reasons.push({
      code: 'engine-restarting',
      message: 'The media engine is being started again.',
      blocksViewers: engines.running === 0,
    });
  if (isFull)
    reasons.push({ code: 'over-capacity', message: 'New viewers are refused for now: the relay is full.' });
  for (const { name, state } of snapshot?.streams ?? [])
    if (state === 'offline' || state === 'stalled' || state === 'refused')
      reasons.push({ code: `stream-${state}`, message: sentences[state], stream: name });
  for (const { code, level, message } of lasting(alerts, nowMs))
    reasons.push({ code: `${code}-${level}`, message: `${message}.` });
  const isReady = engines.running > 0 && !isStopping;
  return { status: !isReady ? 'failing' : reasons.length > 0 ? 'degraded' : 'ok', ready: isReady, reasons };
}

/** A host that is busy for a moment is well. Alerts of streams are told by the states of those. */
const lastingMs = 60_000;

function lasting(alerts: readonly Alert[], nowMs: number): readonly Alert[] {
  return alerts.filter(
    ({ level, labels, sinceMs }) =>
      level === 'critical' && labels['stream'] === undefined && nowMs - sinceMs >= lastingMs,
  );
}
