/** A source that hands on what a test tells it to, when it tells it to. */
import type { StreamSpec } from '../engine/messages.ts';
import { SourceError, type Source, type SourceErrorCode, type SourceSink } from '../sources/source.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import type { Track, VideoTrack } from '../media/track.ts';

export const scriptedTrack: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: {
    profileLevelId: '42e01f',
    profileName: 'Constrained Baseline',
    width: 320,
    height: 240,
    framesPerSecond: 30,
    maxReorderFrames: 0,
  },
};

/** A stream of it. */
export const scriptedStream: StreamSpec = {
  name: 'cam',
  url: 'scripted:',
  onDemand: false,
  transport: 'auto',
  tlsFingerprint: undefined,
};

export class ScriptedSource implements Source {
  readonly label = 'scripted';
  runs = 0;
  #sink: SourceSink | undefined;
  #fail: ((error: SourceError) => void) | undefined;
  #ticks = 0;
  #started = new Set<() => void>();

  run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    this.runs++;
    this.#sink = sink;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      signal.addEventListener('abort', () => resolve(), { once: true });
      for (const started of this.#started) started();
      this.#started.clear();
    });
  }

  /** Resolves at the next connection attempt. */
  async nextRun(): Promise<void> {
    await new Promise<void>((resolve) => void this.#started.add(resolve));
  }

  tracks(tracks: readonly Track[] = [scriptedTrack]): void {
    this.#sink?.tracks(tracks);
  }

  /** One picture of `bytes` bytes; a key frame has SPS and PPS in front. `nowMs` defaults to now. */
  frame(
    bytes: number,
    isKey = false,
    nowMs = performance.timeOrigin + performance.now(),
    isBroken = false,
  ): AccessUnit {
    this.#ticks += 3000;
    const nals = isKey
      ? [Uint8Array.of(0x67, 1, 2, 3), Uint8Array.of(0x68, 4, 5), picture(0x65, bytes)]
      : [picture(0x41, bytes)];
    let end = 0;
    const unit: AccessUnit = {
      track: scriptedTrack,
      ticks: this.#ticks,
      arrivalMs: nowMs,
      captureMs: undefined,
      isKey,
      isBroken,
      data: Buffer.concat(nals),
      unitEnds: nals.map((nal) => (end += nal.length)),
    };
    this.#sink?.accessUnit(unit);
    return unit;
  }

  /** A group of one key frame and `count - 1` others. */
  group(count: number, keyBytes = 8000, bytes = 3000): void {
    for (let i = 0; i < count; i++) this.frame(i === 0 ? keyBytes : bytes, i === 0);
  }

  fail(code: SourceErrorCode, message = 'the test said so'): void {
    this.#fail?.(new SourceError(code, message));
  }
}

function picture(header: number, bytes: number): Uint8Array {
  const nal = new Uint8Array(bytes).map((_, i) => (i * 7) & 0xff);
  nal[0] = header;
  // first_mb_in_slice 0, slice_type 5 (P) or 7 (I)
  nal[1] = header === 0x65 ? 0x88 : 0x98;
  return nal;
}
