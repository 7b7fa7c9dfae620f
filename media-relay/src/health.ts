import type { EngineSnapshot } from './engine/messages.ts';
import type { HealthReason, HealthReport } from './http/deps.ts';

export interface HealthFacts {
  /** Media threads. */
  readonly engines: { readonly running: number; readonly total: number };
  readonly isStopping: boolean;
  readonly snapshot: EngineSnapshot | undefined;
  /** A limit of the host refuses new viewers. */
  readonly isFull: boolean;
}

const sentences = {
  offline: 'A camera cannot be reached.',
  stalled: 'A camera sends no pictures.',
  refused: 'A stream cannot be shown in a browser.',
} as const;

/** A camera or a media thread that is down degrades the relay, and no more: the others play on. */
export function healthOf({ engines, isStopping, snapshot, isFull }: HealthFacts): HealthReport {
  const reasons: HealthReason[] = [];
  if (isStopping) reasons.push({ code: 'stopping', message: 'The relay is stopping.' });
  if (engines.running < engines.total && !isStopping)
    reasons.push({ code: 'engine-restarting', message: 'The media engine is being started again.' });
  if (isFull)
    reasons.push({ code: 'over-capacity', message: 'New viewers are refused for now: the relay is full.' });
  for (const { name, state } of snapshot?.streams ?? [])
    if (state === 'offline' || state === 'stalled' || state === 'refused')
      reasons.push({ code: `stream-${state}`, message: sentences[state], stream: name });
  const isReady = engines.running > 0 && !isStopping;
  return { status: !isReady ? 'failing' : reasons.length > 0 ? 'degraded' : 'ok', ready: isReady, reasons };
}
