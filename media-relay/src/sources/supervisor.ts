// Keeps one source running for ever: reconnects with jittered exponential back-off, and ends runs that went silent.

import type { Clock } from '../media/clock.ts';
import { SourceError, type Source, type SourceErrorCode, type SourceSink } from './source.ts';

export type SupervisorState =
  | { readonly kind: 'connecting' }
  /** The tracks are known. */
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'waiting';
      readonly reason: SourceErrorCode;
      /** For people, without secrets. */
      readonly message: string;
      /** Failures in a row, this one included. */
      readonly attempt: number;
      readonly delayMs: number;
    };

/** Calls back once after the delay, unless the function that it returns was called before. */
export type SetTimer = (callback: () => void, delayMs: number) => () => void;

export interface SuperviseOptions {
  readonly source: Source;
  readonly sink: SourceSink;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: () => number;
  readonly setTimer?: SetTimer;
  readonly onState: (state: SupervisorState) => void;
}

export const minBackOffMs = 500;
export const maxBackOffMs = 30_000;
/** So much media, and the next failure counts as the first. */
const healthyMs = 10_000;
const stallMs = 10_000;
const startMs = 15_000;

const systemTimer: SetTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
};

/** Resolves once `signal` has aborted and never rejects. */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { signal, random, onState, setTimer = systemTimer } = options;
  let attempt = 0;
  while (!signal.aborted) {
    onState({ kind: 'connecting' });
    const { error, wasHealthy } = await runOnce(options, setTimer);
    if (signal.aborted) return;
    attempt = wasHealthy ? 1 : attempt + 1;
    const delayMs = backOffMs(error.code, attempt, random);
    onState({ kind: 'waiting', reason: error.code, message: error.message, attempt, delayMs });
    await sleep(delayMs, signal, setTimer);
  }
}

/** 0.5-1 s after the first failure, doubling up to 15-30 s. A codec changes only when somebody reconfigures the camera. */
export function backOffMs(code: SourceErrorCode, attempt: number, random: () => number): number {
  if (code === 'unsupported-codec') return maxBackOffMs * (0.9 + 0.1 * random());
  const ceilingMs = Math.min(maxBackOffMs, minBackOffMs * 2 ** Math.min(attempt, 16));
  return Math.round((ceilingMs / 2) * (1 + random()));
}

interface RunResult {
  readonly error: SourceError;
  readonly wasHealthy: boolean;
}

async function runOnce(options: SuperviseOptions, setTimer: SetTimer): Promise<RunResult> {
  const { source, sink, signal, clock, onState } = options;
  const startedMs = clock();
  let connectedMs: number | undefined;
  let firstPictureMs: number | undefined;
  let lastPictureMs: number | undefined;
  let isCurrent = true;
  const run = new AbortController();
  const stalled = Promise.withResolvers<never>();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    run.abort();
    aborted.reject(new SourceError('ended', 'closed by the relay'));
  };
  signal.addEventListener('abort', onAbort, { once: true });

  const deadlineMs = (): number => {
    if (lastPictureMs !== undefined) return lastPictureMs + stallMs;
    return Math.min(startedMs + startMs, connectedMs === undefined ? Infinity : connectedMs + stallMs);
  };
  const watch = (): void => {
    const leftMs = deadlineMs() - clock();
    // Re-armed for what is left rather than on every picture.
    if (leftMs > 0) cancelWatch = setTimer(watch, leftMs);
    else stalled.reject(new SourceError('stalled', stallSentence(source.label, lastPictureMs !== undefined)));
  };
  let cancelWatch = setTimer(watch, stallMs);

  // A run that was given up may take a moment to end; nothing of it gets through any more.
  const gate: SourceSink = {
    tracks(tracks) {
      if (!isCurrent) return;
      if (connectedMs === undefined) {
        connectedMs = clock();
        onState({ kind: 'connected' });
      }
      sink.tracks(tracks);
    },
    accessUnit(unit) {
      if (!isCurrent) return;
      // Sound goes on where a camera's video encoder hangs, and does not show that there are pictures.
      if (unit.track.kind === 'video') {
        lastPictureMs = clock();
        firstPictureMs ??= lastPictureMs;
      }
      sink.accessUnit(unit);
    },
    received(report) {
      // Unlike a late picture, the last counts of a run that ended are still true.
      if (!signal.aborted) sink.received(report);
    },
  };
  const result = (error: SourceError): RunResult => ({
    error,
    wasHealthy: lastPictureMs !== undefined && lastPictureMs - (firstPictureMs ?? lastPictureMs) >= healthyMs,
  });
  try {
    await Promise.race([startRun(source, gate, run.signal), stalled.promise, aborted.promise]);
    return result(new SourceError('ended', `${source.label} ended`));
  } catch (error) {
    return result(error instanceof SourceError ? error : new SourceError('internal', describe(error)));
  } finally {
    isCurrent = false;
    cancelWatch();
    run.abort();
    signal.removeEventListener('abort', onAbort);
  }
}

/** A source that throws before its first await rejects like any other. */
async function startRun(source: Source, sink: SourceSink, signal: AbortSignal): Promise<void> {
  return source.run(sink, signal);
}

function stallSentence(label: string, hadPictures: boolean): string {
  return hadPictures
    ? `${label} sent no picture for ${stallMs / 1000} s`
    : `${label} sent no picture after connecting`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sleep(delayMs: number, signal: AbortSignal, setTimer: SetTimer): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = setTimer(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
  });
}
