import type { CodedPicture } from '../engine/messages.ts';
import { unitsBound, writeUnits } from '../rtp/units-of-payloads.ts';
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';

/** A copy of a stored frame in memory of its own, to be transferred to another thread. */
export function codedPicture(store: PacketStore, frame: StoredFrame): CodedPicture {
  const { bytes: memory } = store.memory;
  const units = new Uint8Array(unitsBound(memory, frame.offset, frame.payloadLengths));
  const length = writeUnits(memory, frame.offset, frame.payloadLengths, units);
  const { isKey, number, arrivalMs, captureMs } = frame;
  return { units: units.subarray(0, length), isKey, number, arrivalMs, captureMs };
}
