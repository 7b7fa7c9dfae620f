/** How a stream's access units become RTP payloads: one choice for all viewers. */
import { packetiseH264, packetisedBytesBound, packetsBound } from '../rtp/packetise-h264.ts';
import type { Packetiser } from './packet-store.ts';

/**
 * SRTP packets of at most 1,200 bytes: header 12, header extensions 12, tag 16, and RTX's original sequence number 2.
 */
export const MAX_PAYLOAD_BYTES = 1200 - 12 - 12 - 16 - 2;

export const h264Packetiser: Packetiser = {
  bound: (unit) => ({
    packets: packetsBound(unit, MAX_PAYLOAD_BYTES),
    bytes: packetisedBytesBound(unit, MAX_PAYLOAD_BYTES),
  }),
  write: (unit, target, offset, lengths) =>
    packetiseH264(unit, MAX_PAYLOAD_BYTES, target, offset, lengths, 0),
};

/** G.711 and Opus: one frame is one payload (RFC 3551 4.5.14, RFC 7587 4.2). */
export const audioPacketiser: Packetiser = {
  bound: (unit) =>
    unit.data.length === 0 || unit.data.length > MAX_PAYLOAD_BYTES
      ? { packets: 0, bytes: 0 }
      : { packets: 1, bytes: unit.data.length },
  write(unit, target, offset, lengths) {
    target.set(unit.data, offset);
    lengths[0] = unit.data.length;
    return { packets: 1, bytes: unit.data.length };
  },
};
