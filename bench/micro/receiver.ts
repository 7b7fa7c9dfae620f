// CPU of one TrackReceiver per RTP packet: a 40 Mbit/s wall sends about 4,200 packets a second.
// node bench/micro/receiver.ts

import {
  packetiseH264,
  packetisedBytesBound,
  packetsBound,
} from '../../media-relay/src/rtp/packetise-h264.ts';
import { TrackReceiver } from '../../media-relay/src/rtp/receiver.ts';
import type { AccessUnit } from '../../media-relay/src/media/access-unit.ts';
import type { Track } from '../../media-relay/src/media/track.ts';

const track: Track = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const maxPayloadBytes = 1180;
const sps = Buffer.from('6764000dacb60a0cd808800000030080000019078a1570', 'hex');
const pps = Buffer.from('68eaccb22c', 'hex');

/** One second of a 4 Mbit/s camera, 25 fps, one IDR of ten times a P picture: RTP packets back to back. */
function oneSecond(): { bytes: Uint8Array; ends: number[] } {
  const bytes = new Uint8Array(1 << 20);
  const ends: number[] = [];
  const pBytes = 500_000 / 34;
  let at = 0;
  for (let picture = 0; picture < 25; picture += 1) {
    const slice = new Uint8Array(picture === 0 ? pBytes * 10 : pBytes).fill(0x5a);
    slice.set([picture === 0 ? 0x65 : 0x41, 0x88]);
    const nals = picture === 0 ? [sps, pps, slice] : [slice];
    let end = 0;
    const unit: AccessUnit = {
      track,
      ticks: 0,
      arrivalMs: 0,
      captureMs: undefined,
      isKey: picture === 0,
      isBroken: false,
      data: Buffer.concat(nals),
      unitEnds: nals.map((nal) => (end += nal.length)),
    };
    const payloads = new Uint8Array(packetisedBytesBound(unit, maxPayloadBytes));
    const lengths = new Uint16Array(packetsBound(unit, maxPayloadBytes));
    const { packets } = packetiseH264(unit, maxPayloadBytes, payloads, 0, lengths, 0);
    let from = 0;
    for (const [index, length] of lengths.subarray(0, packets).entries()) {
      bytes.set([0x80, (index === packets - 1 ? 0x80 : 0) | 96], at);
      bytes.set([0, 0, 0, 9], at + 8);
      bytes.set(payloads.subarray(from, from + length), at + 12);
      from += length;
      at += 12 + length;
      ends.push(at);
    }
  }
  return { bytes: bytes.subarray(0, at), ends };
}

function run(
  transport: 'tcp' | 'udp',
  seconds: number,
): { usPerPacket: number; units: number; bytes: number } {
  const { bytes, ends } = oneSecond();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let units = 0;
  let received = 0;
  const receiver = new TrackReceiver({
    track,
    transport,
    clock: () => 0,
    localSsrc: 1,
    onTrack: () => undefined,
    onAccessUnit: (unit) => {
      units += 1;
      received += unit.data.length;
    },
  });
  let sequence = 0;
  const before = process.cpuUsage();
  for (let second = 0; second < seconds; second += 1) {
    let start = 0;
    let timestamp = second * 90_000;
    for (const end of ends) {
      view.setUint16(start + 2, sequence);
      view.setUint32(start + 4, timestamp);
      if ((bytes[start + 1] ?? 0) > 127) timestamp += 3600;
      sequence = (sequence + 1) & 0xffff;
      receiver.packet(bytes, start, end, second * 1000);
      start = end;
    }
  }
  const { user, system } = process.cpuUsage(before);
  return { usPerPacket: (user + system) / (seconds * ends.length), units, bytes: received };
}

for (const transport of ['tcp', 'udp'] as const) {
  run(transport, 200);
  const { usPerPacket, units } = run(transport, 2000);
  const percentOfCore = (usPerPacket * 4200) / 10_000;
  console.log(
    `receiver ${transport}: ${usPerPacket.toFixed(3)} us/packet, ${percentOfCore.toFixed(2)} % of a core at 4,200 packets/s (${units} access units)`,
  );
}
