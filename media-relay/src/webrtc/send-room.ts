/**
 * Whether what is below one viewer takes its packets: the kernel's buffer of a UDP socket, which is full for everybody and
 * for a moment, or its own TCP connection, which may take nothing for long.
 */
import type { DropReason } from '../stream/path-statistics.ts';
import type { Destination } from './egress.ts';

export class SendRoom {
  /** The kernel has been full since a live frame of this viewer left in time. */
  #wasFull = false;
  /** Since when its TCP connection has been taking nothing. */
  #heldSinceMs: number | undefined;

  /** Over TCP a picture that has begun leaves whole: part of one would cost as much and show nothing. */
  isThere({ tcp, socket }: Destination, isAmidFrame: boolean): boolean {
    return tcp && isAmidFrame ? tcp.hasRoom : socket.writable;
  }

  /** There is none. Returns for how long a TCP connection has had none, in ms; 0 for UDP. */
  missed({ tcp }: Destination, nowMs: number): number {
    if (tcp === undefined) {
      this.#wasFull = true;
      return 0;
    }
    this.#heldSinceMs ??= nowMs;
    return nowMs - this.#heldSinceMs;
  }

  /** There is some again, or nothing waits for it any more. */
  found(): void {
    this.#heldSinceMs = undefined;
  }

  /** The viewer is in time: a kernel that was full explains nothing from now on. */
  forgetFull(): void {
    this.#wasFull = false;
  }

  /** Why frames do not leave: a kernel that was full, if it was, `otherwise` what they would show without that. */
  reason(otherwise: DropReason): DropReason {
    return this.#wasFull ? 'socket' : otherwise;
  }
}
