/** RTSP sources against fake cameras: what one run of a source brings, and that nothing of it tells the password. */
import { afterEach, expect } from 'vitest';
import { systemClock } from '../media/clock.ts';
import type { Track } from '../media/track.ts';
import { fakeCamera, type FakeCamera, type Script } from '../rtsp/fake-camera.ts';
import { rtspSource, type RtspSourceOptions } from '../sources/rtsp.ts';
import { SourceError, type ReceiveReport, type Source } from '../sources/source.ts';

export const password = 'g\u00e9heim/9';
/** As it stands in an address. */
export const userInfo = 'admin:g%C3%A9heim%2F9@';

/** A camera for one test: closed after it. */
export function useCameras(): (
  script?: Script,
  options?: Parameters<typeof fakeCamera>[1],
) => Promise<FakeCamera> {
  const cameras: FakeCamera[] = [];
  afterEach(async () => {
    for (const made of cameras.splice(0).reverse()) await made.close();
  });
  return async (script, options) => {
    const made = await fakeCamera(script, options);
    cameras.push(made);
    return made;
  };
}

interface Outcome {
  readonly error: SourceError | undefined;
  readonly units: { readonly isKey: boolean; readonly isBroken: boolean; readonly bytes: number }[];
  readonly tracks: (readonly Track[])[];
  readonly reports: ReceiveReport[];
  readonly logs: string[];
}

type Options = Partial<RtspSourceOptions> & { readonly stopAfter?: number };

/** One run, aborted after `stopAfter` access units (or never). */
export async function runRtsp(
  source: string | Source,
  { stopAfter, ...options }: Options = {},
): Promise<Outcome> {
  const outcome = { units: [], tracks: [], reports: [], logs: [] } as Omit<Outcome, 'error'>;
  const made =
    typeof source === 'string'
      ? rtspSourceOf(source, { ...options, log: (_, message) => outcome.logs.push(message) })
      : source;
  const abort = new AbortController();
  const sink = {
    tracks: (tracks: readonly Track[]) => void outcome.tracks.push(tracks),
    accessUnit({ isKey, isBroken, data }: { isKey: boolean; isBroken: boolean; data: Uint8Array }) {
      expect(outcome.tracks.length).toBeGreaterThan(0);
      outcome.units.push({ isKey, isBroken, bytes: data.length });
      if (outcome.units.length === stopAfter) abort.abort();
    },
    received: (report: ReceiveReport) => void outcome.reports.push(report),
  };
  try {
    await made.run(sink, abort.signal);
    return { ...outcome, error: undefined };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    for (const text of [error.message, String(error.cause), made.label, ...outcome.logs]) {
      expect(text).not.toMatch(/g\u00e9heim|g%C3%A9heim|geheim/);
    }
    return { ...outcome, error };
  }
}

/** Over TCP, unless said otherwise. */
export function rtspSourceOf(url: string, options: Partial<RtspSourceOptions> = {}): Source {
  return rtspSource({ url, transport: 'tcp', clock: systemClock, random: () => 0.5, ...options });
}
