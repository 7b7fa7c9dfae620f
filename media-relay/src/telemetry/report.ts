/** What the kept events tell of a period: joins, failures, downtime, errors. Pure. */
import { durationText } from '../client/wall/presentation.ts';
import type { RelayEvent } from './events.ts';

export interface StreamReport {
  readonly stream: string;
  readonly joins: number;
  /** Times that it went down, stalled or was refused. */
  readonly outages: number;
  readonly downMs: number;
  /** Share of the time in which its state is known; undefined when it never is. */
  readonly availability: number | undefined;
  /** Connections that ended; of the attempts that failed in one outage those that failed in another way than before. */
  readonly reconnects: number;
  readonly isDown: boolean;
}

export interface Reason {
  readonly text: string;
  readonly count: number;
}

export interface Report {
  /** Asked for. */
  readonly fromMs: number;
  readonly toMs: number;
  /** From when on events are kept: the ring is bounded, so a busy relay may not reach back a whole day. */
  readonly coveredFromMs: number | undefined;
  readonly starts: number;
  readonly joins: number;
  /** Viewers whose session did not end by their own wish. */
  readonly failures: number;
  readonly configErrors: number;
  /** Media threads that died. */
  readonly engineRestarts: number;
  /** The most downtime first. */
  readonly streams: readonly StreamReport[];
  /** Why streams went down: one for each outage. */
  readonly streamReasons: readonly Reason[];
  /** Why sessions of viewers ended. */
  readonly viewerReasons: readonly Reason[];
}

const topReasons = 5;
/** SessionEnd of those that somebody lost. */
const losses: ReadonlySet<string | undefined> = new Set([
  'silent',
  'never-connected',
  'dtls-failed',
  'engine-stopped',
]);

interface Tally {
  joins: number;
  outages: number;
  reconnects: number;
  downMs: number;
  knownMs: number;
  state: 'unknown' | 'up' | 'down';
  sinceMs: number;
}

/**
 * `events` in the order in which they happened, as the log keeps them. Events before `fromMs` tell the states in which the
 * period began; those after `toMs` are of a clock that was ahead.
 */
export function reportOf(events: readonly RelayEvent[], fromMs: number, toMs: number): Report {
  let oldestMs = Infinity;
  const tallies = new Map<string, Tally>();
  const streamReasons = new Map<string, number>();
  const viewerReasons = new Map<string, number>();
  let starts = 0;
  let joins = 0;
  let failures = 0;
  let configErrors = 0;
  let engineRestarts = 0;

  const tallyOf = (stream: string): Tally => {
    let tally = tallies.get(stream);
    if (tally === undefined) {
      tally = {
        joins: 0,
        outages: 0,
        reconnects: 0,
        downMs: 0,
        knownMs: 0,
        state: 'unknown',
        sinceMs: fromMs,
      };
      tallies.set(stream, tally);
    }
    return tally;
  };
  const turn = (tally: Tally, state: Tally['state'], atMs: number): void => {
    const lasted = Math.max(0, Math.min(atMs, toMs) - Math.max(tally.sinceMs, fromMs));
    if (tally.state !== 'unknown') tally.knownMs += lasted;
    if (tally.state === 'down') tally.downMs += lasted;
    tally.state = state;
    tally.sinceMs = atMs;
  };

  for (const event of events) {
    const { atMs } = event;
    if (atMs > toMs) continue;
    oldestMs = Math.min(oldestMs, atMs);
    const isInside = atMs >= fromMs;
    switch (event.kind) {
      case 'relay-start':
        if (isInside) starts++;
        break;
      case 'relay-stop':
        // While no relay runs nobody knows how the cameras are.
        for (const tally of tallies.values()) turn(tally, 'unknown', atMs);
        break;
      case 'config-error':
        if (isInside) configErrors++;
        break;
      case 'engine-restart':
        if (isInside) engineRestarts++;
        break;
      case 'config-change':
        for (const stream of event.removed) {
          const tally = tallies.get(stream);
          if (tally !== undefined) turn(tally, 'unknown', atMs);
        }
        break;
      case 'stream-up':
        turn(tallyOf(event.stream), 'up', atMs);
        break;
      case 'stream-down':
      case 'stream-stalled':
      case 'stream-refused': {
        const tally = tallyOf(event.stream);
        const wasDown = tally.state === 'down';
        turn(tally, 'down', atMs);
        if (isInside && !wasDown) {
          tally.outages++;
          count(streamReasons, reasonOf(event));
        }
        break;
      }
      case 'reconnect':
        if (!isInside) break;
        tallyOf(event.stream).reconnects++;
        break;
      case 'viewer-joined':
        if (!isInside) break;
        joins++;
        tallyOf(event.stream).joins++;
        break;
      case 'viewer-left':
        if (!isInside) break;
        if (losses.has(event.reason)) failures++;
        count(viewerReasons, event.reason ?? 'unknown');
        break;
      case 'stream-warning':
      case 'picture-frozen':
      case 'picture-black':
      case 'picture-overexposed':
      case 'picture-underexposed':
      case 'picture-blurred':
        break;
    }
  }
  for (const tally of tallies.values()) turn(tally, tally.state, toMs);
  return {
    fromMs,
    toMs,
    coveredFromMs: oldestMs === Infinity ? undefined : Math.max(oldestMs, fromMs),
    starts,
    joins,
    failures,
    configErrors,
    engineRestarts,
    streams: [...tallies]
      .map(([stream, { joins, outages, reconnects, downMs, knownMs, state }]) => ({
        stream,
        joins,
        outages,
        reconnects,
        downMs,
        availability: knownMs === 0 ? undefined : 1 - downMs / knownMs,
        isDown: state === 'down',
      }))
      .toSorted((a, b) => b.downMs - a.downMs || a.stream.localeCompare(b.stream)),
    streamReasons: ranked(streamReasons),
    viewerReasons: ranked(viewerReasons),
  };
}

/** For a terminal or a mail. */
export function reportText(report: Report): string {
  const { fromMs, toMs, coveredFromMs, starts, joins, failures, configErrors, engineRestarts, streams } =
    report;
  if (coveredFromMs === undefined)
    return 'No events are kept yet: the relay has not run with this state directory.\n';
  const lines = [
    `Sightline, ${momentText(fromMs)} to ${momentText(toMs)} (UTC)`,
    ...(coveredFromMs > fromMs
      ? [
          `Events are kept from ${momentText(coveredFromMs)} on only: this covers ${durationText(toMs - coveredFromMs)}.`,
        ]
      : []),
    '',
    `relay starts      ${starts}`,
    `viewers joined    ${joins}`,
    `viewers lost      ${failures}`,
    `reconnects        ${streams.reduce((sum, { reconnects }) => sum + reconnects, 0)}`,
    `config errors     ${configErrors}`,
    `engine restarts   ${engineRestarts}`,
    '',
    row('STREAM', 'JOINS', 'OUTAGES', 'DOWN FOR', 'UP', 'RECONNECTS'),
    ...streams.map(({ stream, joins, outages, downMs, availability, reconnects, isDown }) =>
      row(
        stream,
        `${joins}`,
        `${outages}`,
        downMs === 0 ? '-' : durationText(downMs),
        availability === undefined ? '-' : `${(Math.floor(10_000 * availability) / 100).toFixed(2)}%`,
        `${reconnects}${isDown ? '  down now' : ''}`,
      ),
    ),
    ...(streams.length === 0 ? ['(no event names a stream)'] : []),
    ...reasonLines('Why streams went down', report.streamReasons),
    ...reasonLines('How viewers left', report.viewerReasons),
    '',
  ];
  return lines.join('\n');
}

function row(
  stream: string,
  joins: string,
  outages: string,
  down: string,
  up: string,
  reconnects: string,
): string {
  return `${stream.padEnd(28)} ${joins.padStart(6)} ${outages.padStart(8)} ${down.padStart(12)} ${up.padStart(8)}  ${reconnects}`;
}

function reasonLines(title: string, reasons: readonly Reason[]): string[] {
  if (reasons.length === 0) return [];
  return ['', title, ...reasons.map(({ text, count }) => `${`${count}`.padStart(6)}  ${text}`)];
}

function reasonOf(
  event: Extract<RelayEvent, { kind: 'stream-down' | 'stream-stalled' | 'stream-refused' }>,
): string {
  if (event.kind === 'stream-stalled') return 'stalled: connected, but no frame for 5 s';
  return event.message;
}

function count(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

function ranked(counts: ReadonlyMap<string, number>): Reason[] {
  return [...counts]
    .map(([text, count]) => ({ text, count }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, topReasons);
}

function momentText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
