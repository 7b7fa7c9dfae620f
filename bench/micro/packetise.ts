// CPU of packetiseH264 per packet: once per stream and picture, whatever the number of viewers.
// node bench/micro/packetise.ts

import {
  packetiseH264,
  packetisedBytesBound,
  packetsBound,
} from '../../media-relay/src/rtp/packetise-h264.ts';
import type { AccessUnit } from '../../media-relay/src/media/access-unit.ts';

const maxPayloadBytes = 1150;

function unitOf(sliceBytes: readonly number[]): AccessUnit {
  const nals = sliceBytes.map((length) => new Uint8Array(length).fill(0x5a).with(0, 0x41));
  let end = 0;
  return {
    track: { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined },
    ticks: 0,
    arrivalMs: 0,
    captureMs: undefined,
    isKey: false,
    isBroken: false,
    data: Buffer.concat(nals),
    unitEnds: nals.map((nal) => (end += nal.length)),
  };
}

function run(
  unit: AccessUnit,
  rounds: number,
): { usPerPacket: number; packets: number; bytesPerSecond: number } {
  const target = new Uint8Array(packetisedBytesBound(unit, maxPayloadBytes));
  const lengths = new Uint16Array(packetsBound(unit, maxPayloadBytes));
  let packets = 0;
  let bytes = 0;
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) {
    const written = packetiseH264(unit, maxPayloadBytes, target, 0, lengths, 0);
    packets += written.packets;
    bytes += written.bytes;
  }
  const { user, system } = process.cpuUsage(before);
  const cpuUs = user + system;
  return { usPerPacket: cpuUs / packets, packets: packets / rounds, bytesPerSecond: (bytes / cpuUs) * 1e6 };
}

const cases = {
  'one slice, 17 kB': [17_000],
  'four slices, 17 kB': [4250, 4250, 4250, 4250],
  'IDR, 150 kB': [150_000],
};
for (const [name, slices] of Object.entries(cases)) {
  const unit = unitOf(slices);
  run(unit, 2000);
  const { usPerPacket, packets, bytesPerSecond } = run(unit, 20_000);
  console.log(
    `packetise ${name}: ${usPerPacket.toFixed(3)} us/packet, ${packets} packets, ${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
  );
}
