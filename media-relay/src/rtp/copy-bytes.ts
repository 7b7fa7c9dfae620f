/**
 * Copies source[start..end) to target[at...] without making a view of the source: this runs once per packet, and
 * `target.set(source.subarray(...))` leaves an object behind each time. The caller has made sure of the room.
 */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  Buffer.prototype.copy.call(source, target, at, start, end);
}
