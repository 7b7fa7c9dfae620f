import { describe, expect, it } from 'vitest';
import { readAccessUnits } from './fixtures/read.ts';
import type { FixtureName } from './fixtures/read.ts';
import { isVcl, nalTypeAt, sliceType } from './h264.ts';
import { ReorderWatch } from './reorder-watch.ts';
import type { VideoTrack } from './track.ts';

const track: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const frame = 3600;

function feed(watch: ReorderWatch, name: FixtureName, picture: number, ticks: number): void {
  const pictures = readAccessUnits(name);
  const nals = pictures[picture % pictures.length] ?? [];
  let end = 0;
  const unitEnds = nals.map((nal) => (end += nal.length));
  watch.accessUnit({
    track,
    ticks,
    arrivalMs: 0,
    captureMs: undefined,
    isKey: nals.some((nal) => nalTypeAt(nal, 0) === 5),
    isBroken: false,
    data: Buffer.concat(nals),
    unitEnds,
  });
}

/** Which picture of the GOP is the B-frame between two others: every one that x264 coded with B slices. */
function isB(picture: number): boolean {
  return (readAccessUnits('b-frames')[picture] ?? []).some(
    (nal) => isVcl(nalTypeAt(nal, 0)) && sliceType(nal, 0, nal.length) === 'b',
  );
}

describe('ReorderWatch', () => {
  it('sees the B-frames of x264', () => {
    const watch = new ReorderWatch();
    let display = 0;
    for (let picture = 0; picture < 24; picture += 1) {
      // Output order: a reference picture is shown after the B-frames that follow it.
      if (!isB(picture)) display += 3;
      feed(watch, 'b-frames', picture, (isB(picture) ? display - 1.5 : display) * frame);
    }
    expect(watch.isReordered).toBe(true);
    watch.reset();
    expect(watch.isReordered).toBe(false);
  });

  it('sees no reordering in B slices that are shown as decoded (low delay)', () => {
    const watch = new ReorderWatch();
    for (let i = 0; i < 100; i += 1) feed(watch, 'b-frames', i % 24, i * frame);
    expect(watch.isReordered).toBe(false);
  });

  it('is not fooled by timestamps that step back without a B slice', () => {
    const watch = new ReorderWatch();
    for (let i = 0; i < 100; i += 1) feed(watch, 'baseline', 1, (i % 2 ? i - 3 : i) * frame);
    expect(watch.isReordered).toBe(false);
  });

  it('is not fooled by one glitch nor by a source that starts anew', () => {
    const watch = new ReorderWatch();
    const b = [...Array.from({ length: 24 }).keys()].find((picture) => isB(picture)) ?? 0;
    for (let i = 0; i < 30; i += 1) feed(watch, 'b-frames', b, (i === 10 ? i - 5 : i) * frame);
    for (let i = 0; i < 30; i += 1) feed(watch, 'b-frames', b, (i - 1_000_000) * frame);
    expect(watch.isReordered).toBe(false);
  });

  it('takes back its judgement when the stream stays in order', () => {
    const watch = new ReorderWatch();
    const b = [...Array.from({ length: 24 }).keys()].find((picture) => isB(picture)) ?? 0;
    for (let i = 0; i < 10; i += 1) feed(watch, 'b-frames', b, (i % 2 ? i - 2 : i) * frame);
    expect(watch.isReordered).toBe(true);
    for (let i = 10; i < 400; i += 1) feed(watch, 'b-frames', b, i * frame);
    expect(watch.isReordered).toBe(false);
  });
});
