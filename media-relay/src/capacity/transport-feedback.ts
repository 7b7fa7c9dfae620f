/**
 * Writes transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1) as a receiver on loopback has
 * to: packets in order, few or none missing. Not implemented: large deltas (they are cut to 63 ms), status vectors.
 */
const receivedSmall = 1;
const maxRun = 8191;
const maxDelta = 255;
const maxMissing = 1000;

/** Arrivals since the last report: transport-wide sequence number (16 bits) and milliseconds of any clock. */
export interface Arrival {
  readonly seq: number;
  readonly atMs: number;
}

/** A whole RTCP packet, unencrypted. `arrivals` is not empty and in the order of the sequence numbers. */
export function writeTransportFeedback(
  mediaSsrc: number,
  count: number,
  arrivals: readonly Arrival[],
): Buffer {
  const [first] = arrivals;
  if (first === undefined) throw new Error('nothing arrived');
  const chunks: number[] = [];
  const deltas: number[] = [];
  const referenceTime = Math.floor(first.atMs / 64);
  let ticks = referenceTime * 256;
  let statuses = 0;
  let run = 0;
  const endRun = (symbol: number): void => {
    for (; run > 0; run -= Math.min(run, maxRun)) chunks.push((symbol << 13) | Math.min(run, maxRun));
  };
  let expected = first.seq;
  for (const { seq, atMs } of arrivals) {
    const missing = (seq - expected) & 0xffff;
    // Overtaken, or so far ahead that the next report is the better place to begin.
    if (missing > maxMissing) continue;
    if (missing > 0) {
      endRun(receivedSmall);
      run = missing;
      statuses += missing;
      endRun(0);
    }
    const delta = Math.min(maxDelta, Math.max(0, Math.round(atMs * 4) - ticks));
    ticks += delta;
    deltas.push(delta);
    run++;
    statuses++;
    expected = (seq + 1) & 0xffff;
  }
  endRun(receivedSmall);
  const bytes = 20 + 2 * chunks.length + deltas.length;
  const packet = Buffer.alloc(Math.ceil(bytes / 4) * 4);
  packet.set([0x8f, 205]);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  packet.writeUInt16BE(first.seq, 12);
  packet.writeUInt16BE(statuses, 14);
  packet.writeUIntBE(referenceTime & 0xff_ffff, 16, 3);
  packet.writeUInt8(count & 0xff, 19);
  chunks.forEach((chunk, index) => packet.writeUInt16BE(chunk, 20 + 2 * index));
  packet.set(deltas, 20 + 2 * chunks.length);
  return packet;
}

/** Receiver report with one block (RFC 3550 6.4.2): nothing lost, no jitter. */
export function writeReceiverReport(mediaSsrc: number, highestSeq: number): Buffer {
  const packet = Buffer.alloc(32);
  packet.set([0x81, 201, 0, 7]);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  packet.writeUInt32BE(highestSeq, 16);
  return packet;
}
