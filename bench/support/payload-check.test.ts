/** bench/native/payload-check.h: packets as the relay makes them, and what must not get past. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type FixtureName, readAccessUnits } from '../../media-relay/src/media/fixtures/read.ts';
import { packetiseH264 } from '../../media-relay/src/rtp/packetise-h264.ts';
import { nativeProgram } from './native.ts';
import { repositoryRoot } from './paths.ts';

interface Packet {
  readonly frame: number;
  number: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

const maxPayloadBytes = 300;
const pictures = readAccessUnits('high-4-slices');
const gop = 6;

function packetsOf(nals: readonly Uint8Array[], frame: number, timestamp: number): Packet[] {
  const unitEnds = nals.map((_, index) =>
    nals.slice(0, index + 1).reduce((bytes, nal) => bytes + nal.length, 0),
  );
  const unit = { data: Buffer.concat(nals), unitEnds } as unknown as Parameters<typeof packetiseH264>[0];
  const target = Buffer.alloc(2 * unit.data.length + 1000);
  const lengths = new Uint16Array(1000);
  const { packets } = packetiseH264(unit, maxPayloadBytes, target, 0, lengths, 0);
  let end = 0;
  return Array.from({ length: packets }, (_, index) => {
    const start = end;
    end += lengths[index] ?? 0;
    const payload = Buffer.from(target.subarray(start, end));
    return { frame, number: 0, timestamp, marker: index === packets - 1, payload };
  });
}

/** So many pictures from one on, round and round. */
function sent(count: number, from = 0, all: readonly (readonly Uint8Array[])[] = pictures): Packet[] {
  return Array.from({ length: count }, (_, index) => {
    const frame = (from + index) % all.length;
    return packetsOf(all[frame] ?? [], frame, 3600 * index);
  }).flat();
}

const numbered = (packets: readonly Packet[]): Packet[] =>
  packets.map((packet, index) => ({ ...packet, number: 65_536 + index }));

function check(packets: readonly Packet[], ...options: 'anywhere'[]) {
  const file: FixtureName = 'high-4-slices';
  const path_ = path.join(repositoryRoot, `media-relay/src/media/fixtures/${file}.h264`);
  const lines = packets.map(
    ({ number, timestamp, marker, payload }) =>
      `${number} ${timestamp} ${Number(marker)} ${payload.toString('hex')}\n`,
  );
  const run = spawnSync(nativeProgram('payload-check'), [path_, ...options], {
    input: lines.join(''),
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as {
    checkedFrames: number;
    payloadErrors: number;
    bursts: number;
    problem: string;
  };
}

const clean = { payloadErrors: 0, problem: '' };

test('pictures in single NAL units, STAP-A and FU-A, round and round', () => {
  const packets = numbered(sent(30));
  const kinds = new Set(packets.map(({ payload }) => (payload[0] ?? 0) & 31));
  expect([...kinds].toSorted((a, b) => a - b)).toEqual([1, 24, 28]);
  expect(check(packets)).toEqual({ ...clean, checkedFrames: 30, bursts: 0 });
});

test('a burst in between, and one that cuts a picture short', () => {
  const burst = sent(8, gop).map((packet) => ({ ...packet, timestamp: packet.timestamp + 100_000 }));
  expect(check(numbered([...sent(9), ...burst]))).toEqual({ ...clean, checkedFrames: 17, bursts: 1 });
  const cut = sent(9).slice(0, -2);
  expect(check(numbered([...cut, ...burst]))).toEqual({ ...clean, checkedFrames: 16, bursts: 1 });
  const later = burst.slice(burst.findIndex(({ frame }) => frame === gop + 1));
  expect(check(numbered([...cut, ...later]))).toMatchObject({ payloadErrors: 1 });
});

test('a changed byte in any packet', () => {
  const packets = numbered(sent(12));
  for (const packet of packets) {
    const at = packet.payload.length - 1;
    packet.payload[at] = (packet.payload[at] ?? 0) ^ 1;
    expect(check(packets), `packet ${packet.number}`).toMatchObject({ payloadErrors: 1, checkedFrames: 11 });
    packet.payload[at] = (packet.payload[at] ?? 0) ^ 1;
  }
});

test.each([
  [
    'a slice is missing',
    pictures.map((nals, frame) => (frame === 3 ? nals.slice(0, -1) : nals)),
    1,
    "a picture that is not the camera's",
  ],
  [
    'a slice comes twice',
    pictures.map((nals, frame) => (frame === 3 ? [...nals, ...nals.slice(-1)] : nals)),
    1,
    "a picture that is not the camera's",
  ],
  ['a picture is missing', pictures.toSpliced(3, 1), 1, 'a picture out of its order'],
  ['a picture comes twice', pictures.toSpliced(3, 0, pictures[3] ?? []), 1, 'a picture out of its order'],
  [
    'a key frame lacks its PPS',
    pictures.map((nals) => nals.filter((nal) => ((nal[0] ?? 0) & 31) !== 8)),
    2,
    'a key frame without parameter sets',
  ],
  [
    "a picture is another camera's",
    pictures.toSpliced(3, 1, readAccessUnits('high-1-slice')[3] ?? []),
    1,
    "a picture that is not the camera's",
  ],
  [
    'a parameter set is changed',
    pictures.map((nals) => nals.map((nal) => (((nal[0] ?? 0) & 31) === 7 ? nal.with(3, 31) : nal))),
    2,
    "a NAL unit that is not the camera's",
  ],
])('%s', (_, all, payloadErrors, problem) => {
  expect(check(numbered(sent(all.length, 0, all)))).toMatchObject({ payloadErrors, problem });
});

test('all of another camera', () => {
  expect(check(numbered(sent(12, 0, readAccessUnits('high-1-slice'))))).toMatchObject({
    payloadErrors: 12,
    checkedFrames: 0,
  });
});

test('a viewer that begins amid the stream, which only other servers do', () => {
  const packets = numbered(sent(20, 3));
  expect(check(packets)).toMatchObject({ payloadErrors: 1, problem: 'a picture out of its order' });
  expect(check(packets.slice(1), 'anywhere')).toEqual({ ...clean, checkedFrames: 19, bursts: 0 });
});

test('timestamps and markers', () => {
  const packets = numbered(sent(12));
  const first = packets.findIndex(({ frame }) => frame === 4);
  const change = (at: number, how: Partial<Packet>): Packet[] =>
    packets.with(at, { ...packets[at], ...how } as Packet);
  expect(check(change(first + 1, { timestamp: 4 * 3600 + 1 })).payloadErrors).toBeGreaterThan(0);
  const again = packets.map((packet) => (packet.frame === 5 ? { ...packet, timestamp: 4 * 3600 } : packet));
  expect(check(again)).toMatchObject({ payloadErrors: 1, problem: 'a timestamp that is not later' });
  expect(check(change(first, { marker: true })).payloadErrors).toBeGreaterThan(0);
  expect(check(change(first - 1, { marker: false })).payloadErrors).toBeGreaterThan(0);
});

test('late packets find their place, lost ones excuse their own pictures and no others', () => {
  const packets = numbered(sent(48));
  for (let at = 1; at < packets.length - 40; at += 9) {
    const checked = check(packets.toSpliced(at, 1));
    expect(checked, `without packet ${at}`).toMatchObject(clean);
    expect(checked.checkedFrames).toBeGreaterThanOrEqual(46);
  }
  const doubled = packets.flatMap((packet) => [packet, packet]);
  expect(check(doubled)).toEqual({ ...clean, checkedFrames: 48, bursts: 0 });
  const late = [
    ...packets.slice(0, 9),
    ...packets.slice(10, 14),
    ...packets.slice(9, 10),
    ...packets.slice(14),
  ];
  expect(check(late)).toEqual({ ...clean, checkedFrames: 48, bursts: 0 });
  // A burst whose key frame has lost its first packet.
  const burst = sent(10, gop).map((packet) => ({ ...packet, timestamp: packet.timestamp + 100_000 }));
  const beheaded = numbered([...sent(9), ...burst]).toSpliced(sent(9).length, 1);
  expect(check(beheaded)).toEqual({ ...clean, checkedFrames: 18, bursts: 1 });
  // One packet lost, and four pictures gone.
  const tooMuch = packets.filter(({ frame, timestamp }) => timestamp < 36_000 || frame < 1 || frame > 4);
  const gone = numbered(tooMuch.filter(({ timestamp }) => timestamp < 48 * 3600));
  const at = gone.findIndex(({ timestamp, frame }) => timestamp > 36_000 && frame === 0);
  expect(check(gone.toSpliced(at, 1)).payloadErrors).toBeGreaterThan(0);
});
