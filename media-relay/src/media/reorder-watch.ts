import type { AccessUnit } from './access-unit.ts';
import { nalType, nalTypeAt, sliceType } from './h264.ts';
import { ProtocolError } from './protocol-error.ts';

/** This many late pictures... */
const evidence = 3;
/** ...within this many access units prove reordering; one timestamp glitch or one restart does not. */
const windowUnits = 60;
/** A stream in order for this long is in order again (the camera was reconfigured). */
const clearAfterUnits = 300;
/** A larger step back is another timeline, not a B-frame: H.264 holds at most 16 pictures back. */
const maxStepBackSeconds = 3;

/**
 * Judges whether the output order of a video track differs from its decoding order. RTP timestamps are
 * presentation times and access units arrive in decoding order, so a B-frame that is shown before an earlier
 * decoded picture steps back in time. A step counts only if that picture holds a B slice.
 */
export class ReorderWatch {
  #unit = 0;
  #highestTicks: number | undefined;
  /** Positions of the newest late pictures, newest last. */
  #late: number[] = [];
  #isReordered = false;

  get isReordered(): boolean {
    return this.#isReordered;
  }

  /** Feed every video access unit in decoding order. */
  accessUnit(unit: AccessUnit): void {
    this.#unit += 1;
    const highest = this.#highestTicks;
    const stepBackSeconds = highest === undefined ? 0 : (highest - unit.ticks) / unit.track.clockRate;
    if (unit.isKey || stepBackSeconds <= 0 || stepBackSeconds > maxStepBackSeconds) {
      this.#highestTicks = unit.ticks;
    } else if (holdsBSlice(unit)) {
      this.#late.push(this.#unit);
      if (this.#late.length > evidence) this.#late.shift();
    }
    const oldest = this.#late.length === evidence ? this.#late[0] : undefined;
    if (oldest !== undefined && this.#unit - oldest < windowUnits) this.#isReordered = true;
    else if (this.#unit - (this.#late.at(-1) ?? 0) > clearAfterUnits) this.#isReordered = false;
  }

  /** Another source begins: nothing is known. */
  reset(): void {
    this.#unit = 0;
    this.#highestTicks = undefined;
    this.#late = [];
    this.#isReordered = false;
  }
}

function holdsBSlice(unit: AccessUnit): boolean {
  let start = 0;
  for (const end of unit.unitEnds) {
    const type = nalTypeAt(unit.data, start);
    if (type === nalType.slice || type === nalType.partitionA) {
      try {
        if (sliceType(unit.data, start, end) === 'b') return true;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
    start = end;
  }
  return false;
}
