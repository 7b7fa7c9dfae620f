/**
 * The demo camera as a source: live H.264 without a camera, a network or another program. Pictures keep an exact rate
 * by the relay's clock; a late one is left out, never sent in a burst.
 */
import type { Clock } from '../../media/clock.ts';
import { ProtocolError } from '../../media/protocol-error.ts';
import type { VideoTrack } from '../../media/track.ts';
import { SourceError, type Source, type SourceSink } from '../source.ts';
import { DemoCamera } from './camera.ts';
import { parseDemoUrl, type DemoOptions } from './options.ts';
import { profileLevelId } from './parameter-sets.ts';

export { parseDemoUrl, type DemoOptions };

const clockRate = 90_000;
const reportIntervalMs = 1000;

export interface DemoSourceOptions {
  readonly url: string;
  readonly clock: Clock;
  /** For people; the URL unless given. */
  readonly label?: string;
}

/** A wrong URL rejects `run` with SourceError 'protocol'; `parseDemoUrl` tells earlier. */
export function demoSource(options: DemoSourceOptions): Source {
  const { url, clock, label = url } = options;
  return {
    label,
    run: async (sink, signal) => {
      if (signal.aborted) return;
      await runCamera(optionsFrom(url), clock, sink, signal);
    },
  };
}

function optionsFrom(url: string): DemoOptions {
  try {
    return parseDemoUrl(url);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new SourceError('protocol', error.message, { cause: error });
  }
}

function trackOf(options: DemoOptions): VideoTrack {
  const { width, height, framesPerSecond } = options;
  return {
    kind: 'video',
    codec: 'h264',
    encodingName: 'H264',
    clockRate,
    h264: {
      profileLevelId: profileLevelId(options),
      profileName: 'Constrained Baseline',
      width,
      height,
      framesPerSecond,
      maxReorderFrames: 0,
    },
  };
}

function runCamera(options: DemoOptions, clock: Clock, sink: SourceSink, signal: AbortSignal): Promise<void> {
  const { framesPerSecond } = options;
  const track = trackOf(options);
  const startMs = clock();
  const startTicks = Math.round(startMs * (clockRate / 1000));
  const camera = new DemoCamera(options, Math.floor(startMs));
  sink.tracks([track]);

  let frame = 0;
  let reportedMs = startMs;
  let units = 0;
  let bytes = 0;

  const dueMs = (index: number): number => startMs + (index * 1000) / framesPerSecond;

  const sendFrame = (): void => {
    const captureMs = Math.floor(dueMs(frame));
    const encoded = camera.capture(captureMs);
    units++;
    bytes += encoded.data.length;
    sink.accessUnit({
      track,
      ticks: startTicks + Math.round((frame * clockRate) / framesPerSecond),
      arrivalMs: clock(),
      captureMs: dueMs(frame),
      isKey: encoded.isKey,
      isBroken: false,
      data: encoded.data,
      unitEnds: encoded.unitEnds,
    });
  };

  const report = (): void => {
    const nowMs = clock();
    if (nowMs - reportedMs < reportIntervalMs) return;
    reportedMs = nowMs;
    sink.received({
      packets: units,
      bytes,
      lost: 0,
      reordered: 0,
      broken: 0,
      jitterSeconds: undefined,
      roundTripSeconds: undefined,
      transport: 'local',
    });
    units = 0;
    bytes = 0;
  };

  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const tick = (): void => {
      try {
        // The newest picture that is due; those before it are too late.
        const newest = Math.floor(((clock() - startMs) * framesPerSecond) / 1000);
        frame = Math.max(frame, newest);
        sendFrame();
        report();
        frame++;
      } catch (error) {
        signal.removeEventListener('abort', stop);
        reject(new SourceError('internal', 'The demo camera failed', { cause: error }));
        return;
      }
      if (!signal.aborted) timer = setTimeout(tick, Math.ceil(Math.max(0, dueMs(frame) - clock())));
    };
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    tick();
  });
}
