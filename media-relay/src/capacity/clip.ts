/** One GOP of the demo camera as RTP packets, ready to be replayed by any number of cameras. */
import type { VideoTrack } from '../media/track.ts';
import { packetisedBytesBound, packetiseH264, packetsBound } from '../rtp/packetise-h264.ts';
import { DemoCamera } from '../sources/demo/camera.ts';
import type { DemoOptions } from '../sources/demo/options.ts';
import { profileLevelId } from '../sources/demo/parameter-sets.ts';

export interface ClipPicture {
  /** Interleaved frames (RFC 2326 10.12) back to back; sequence number, timestamp and SSRC are still to be written. */
  readonly frames: Uint8Array;
  /** Where the RTP packet of each frame begins in them. */
  readonly packetsAt: readonly number[];
  /** NAL units, each after its length in four bytes (ISO/IEC 14496-15, 5.3.3). */
  readonly units: Uint8Array;
  readonly isKey: boolean;
}

export interface Clip {
  readonly pictures: readonly ClipPicture[];
  readonly framesPerSecond: number;
  /** Of the payloads, as it came out. */
  readonly bitrateBps: number;
  readonly profileLevelId: string;
}

/** What cameras usually put into a packet. */
const maxPayloadBytes = 1400;
const interleavedHeadBytes = 4;
const rtpHeadBytes = 12;
export const clipPayloadType = 96;

/** Encodes two GOPs and keeps the second, when the rate control knows the picture. Blocks for about a second. */
export function makeClip(options: DemoOptions): Clip {
  const camera = new DemoCamera(options, 0);
  const { gopFrames, framesPerSecond } = options;
  const track: VideoTrack = {
    kind: 'video',
    codec: 'h264',
    encodingName: 'H264',
    clockRate: 90_000,
    h264: undefined,
  };
  const pictures: ClipPicture[] = [];
  let bytes = 0;
  for (let frame = 0; frame < 2 * gopFrames; frame++) {
    const { data, unitEnds, isKey } = camera.capture(Math.round((frame * 1000) / framesPerSecond));
    if (frame < gopFrames) continue;
    bytes += data.length;
    const unit = { track, ticks: 0, arrivalMs: 0, captureMs: 0, isKey, isBroken: false, data, unitEnds };
    const payloads = new Uint8Array(packetisedBytesBound(unit, maxPayloadBytes));
    const lengths = new Uint16Array(packetsBound(unit, maxPayloadBytes));
    const { packets } = packetiseH264(unit, maxPayloadBytes, payloads, 0, lengths, 0);
    pictures.push({
      ...interleave(payloads, lengths.subarray(0, packets)),
      units: lengthPrefixed(data, unitEnds),
      isKey,
    });
  }
  const bitrateBps = Math.round((bytes * 8 * framesPerSecond) / gopFrames);
  return { pictures, framesPerSecond, bitrateBps, profileLevelId: profileLevelId(options) };
}

function interleave(payloads: Uint8Array, lengths: Uint16Array): Pick<ClipPicture, 'frames' | 'packetsAt'> {
  const headBytes = interleavedHeadBytes + rtpHeadBytes;
  const total = lengths.reduce((sum, length) => sum + headBytes + length, 0);
  const frames = new Uint8Array(total);
  const packetsAt: number[] = [];
  let from = 0;
  let at = 0;
  lengths.forEach((length, index) => {
    const packetBytes = rtpHeadBytes + length;
    const marker = index === lengths.length - 1 ? 0x80 : 0;
    frames.set([0x24, 0, packetBytes >> 8, packetBytes & 0xff, 0x80, marker | clipPayloadType], at);
    packetsAt.push(at + interleavedHeadBytes);
    frames.set(payloads.subarray(from, from + length), at + headBytes);
    from += length;
    at += headBytes + length;
  });
  return { frames, packetsAt };
}

function lengthPrefixed(data: Uint8Array, unitEnds: readonly number[]): Uint8Array {
  const units = new Uint8Array(data.length + 4 * unitEnds.length);
  const view = new DataView(units.buffer);
  let at = 0;
  let start = 0;
  for (const end of unitEnds) {
    view.setUint32(at, end - start);
    units.set(data.subarray(start, end), at + 4);
    at += 4 + end - start;
    start = end;
  }
  return units;
}
