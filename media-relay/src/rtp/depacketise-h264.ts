// RFC 6184: RTP payload of H.264, packetization modes 0 and 1 (single NAL unit 5.6, STAP-A 5.7.1, FU-A 5.8).
// Not implemented: interleaved mode (STAP-B, MTAP16/24, FU-B); such packets are counted and break their picture.

import { isVcl, nalType, nalTypeAt } from '../media/h264.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import { AccessUnitBuffer } from './access-unit-buffer.ts';
import { byteAt } from './packet.ts';
import type { ParameterSets } from './parameter-sets.ts';
import { placeOf } from './payload-place.ts';
import { firstInterleavedType, fuA, lastInterleavedType, stapA } from './payload-types.ts';

/** One coded picture; `data` is borrowed until the call returns. Fields as in AccessUnit. */
export interface Picture {
  readonly timestamp: number;
  readonly arrivalMs: number;
  readonly isKey: boolean;
  readonly isBroken: boolean;
  readonly data: Uint8Array;
  readonly unitEnds: readonly number[];
}

/**
 * What the marker bit says about this sender. 'learning': a picture waits for the first packet of the next one.
 * 'end-of-picture': as RFC 6184 5.1 wants it. 'ignored': it was seen in the middle of a picture (cameras that set it
 * on every slice), so only a new timestamp ends one.
 */
type MarkerMeaning = 'learning' | 'end-of-picture' | 'ignored';
/** While learning, a marked picture is handed on after this much silence, so that a slow camera shows its first. */
const quietMs = 40;

/**
 * What lost packets before this picture may mean for it. 'head': its first packets may be among them.
 * 'reference': pictures that it refers to certainly are, so that only an IDR decodes cleanly.
 */
type Doubt = 'none' | 'head' | 'reference';

/**
 * Puts the packets of one track together to pictures; each payload is copied once, into a reused buffer.
 * Parameter sets are taken out and remembered, and put in front of every IDR picture and of every picture that came
 * with some. Access unit delimiters and filler data are left out: they could not stay in their places, and carry
 * nothing. A NAL unit with a hole is dropped, its picture marked as broken.
 */
export class H264Depacketiser {
  readonly #parameterSets: ParameterSets;
  readonly #onPicture: (picture: Picture) => void;
  readonly #buffer = new AccessUnitBuffer();
  #marker: MarkerMeaning = 'learning';
  #doubt: Doubt = 'head';

  // The picture under way.
  #isOpen = false;
  #timestamp = 0;
  #arrivalMs = 0;
  #hasPicture = false;
  #isIdr = false;
  #hasParameterSets = false;
  #isBroken = false;
  #isOversize = false;
  #wasMarked = false;
  #inFragment = false;
  #unitType = 0;
  /** Timestamp of the picture handed on last, until another begins. */
  #lastTimestamp: number | undefined;

  /** Pictures handed on with a hole, or dropped because of one or of their size. */
  broken = 0;
  /** Packets or NAL units with inconsistent lengths or headers. */
  malformed = 0;
  /** Packets of the interleaved mode. */
  unsupported = 0;
  /** Pictures of more than 16 MB or 4,096 NAL units. */
  oversize = 0;

  constructor(parameterSets: ParameterSets, onPicture: (picture: Picture) => void) {
    this.#parameterSets = parameterSets;
    this.#onPicture = onPicture;
  }

  /** One payload, in sending order. `afterGap`: packets before it are lost. */
  packet(
    buffer: Uint8Array,
    start: number,
    end: number,
    timestamp: number,
    marker: boolean,
    arrivalMs: number,
    afterGap: boolean,
  ): void {
    if (afterGap) this.#gap(timestamp);
    if (start >= end) return; // padding only: a probe
    this.#boundary(buffer, start, end, timestamp);
    if (arrivalMs > this.#arrivalMs) this.#arrivalMs = arrivalMs;
    this.#payload(buffer, start, end);
    if (marker && this.#hasPicture && !this.#inFragment) {
      if (this.#marker === 'end-of-picture') this.#finish();
      else this.#wasMarked = true;
    }
  }

  /** Hands on a complete picture that waits only because the sender's markers are not known yet. */
  flushQuiet(nowMs: number): void {
    if (
      this.#isOpen &&
      this.#marker === 'learning' &&
      this.#wasMarked &&
      nowMs - this.#arrivalMs >= quietMs
    ) {
      this.#finish();
    }
  }

  /**
   * Another sender begins: the picture under way is dropped. `amidStream`: pictures were handed on before, and what
   * follows refers to others, which never came.
   */
  reset(amidStream: boolean): void {
    this.#close();
    this.#marker = 'learning';
    this.#doubt = amidStream ? 'reference' : 'head';
    this.#lastTimestamp = undefined;
  }

  #gap(timestamp: number): void {
    if (this.#inFragment) this.#dropFragment();
    const isComplete = this.#wasMarked && this.#marker !== 'ignored';
    if (this.#isOpen && (timestamp === this.#timestamp || !isComplete)) {
      this.#isBroken = true;
      if (timestamp !== this.#timestamp) {
        this.#finish();
        if (this.#doubt === 'none') this.#doubt = 'head';
      }
    } else {
      if (this.#isOpen) this.#finish();
      this.#doubt = 'reference';
    }
  }

  /** Ends the picture under way if this payload belongs to another, and opens one. */
  #boundary(buffer: Uint8Array, start: number, end: number, timestamp: number): void {
    if (this.#isOpen) {
      if (timestamp !== this.#timestamp) {
        if (this.#marker === 'learning' && this.#wasMarked) this.#marker = 'end-of-picture';
        this.#finish();
      } else if (this.#wasMarked || this.#hasPicture) {
        const place = placeOf(buffer, start, end);
        if (place === 'new-access-unit' || (this.#wasMarked && place === 'new-picture')) this.#finish();
        else if (this.#wasMarked && place === 'inside') this.#marker = 'ignored';
      }
      if (this.#isOpen) return;
    }
    this.#isOpen = true;
    this.#timestamp = timestamp;
    this.#arrivalMs = 0;
    if (timestamp === this.#lastTimestamp && placeOf(buffer, start, end) === 'inside') {
      // The rest of a picture that went out too early: the last one that does.
      if (this.#doubt === 'none') this.#marker = 'ignored';
      this.#isBroken = true;
    } else if (this.#doubt !== 'none' && placeOf(buffer, start, end) === 'inside') {
      this.#isBroken = true;
    }
  }

  #payload(buffer: Uint8Array, start: number, end: number): void {
    const header = byteAt(buffer, start);
    const type = header & 0x1f;
    if (type === fuA) {
      this.#fragment(buffer, start, end);
      return;
    }
    if (this.#inFragment) {
      this.#dropFragment();
      this.#isBroken = true;
    }
    if (header > 127 || type === 0 || type > lastInterleavedType) {
      this.#reject();
    } else if (type < stapA) {
      this.#wholeUnit(buffer, start, end);
    } else if (type === stapA) {
      this.#aggregate(buffer, start + 1, end);
    } else if (type >= firstInterleavedType) {
      this.unsupported += 1;
      this.#isBroken = true;
    }
  }

  #aggregate(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const unitStart = at + 2;
      const unitEnd = unitStart + ((byteAt(buffer, at) << 8) | byteAt(buffer, at + 1));
      const type = nalTypeAt(buffer, unitStart);
      if (unitEnd > end || unitEnd === unitStart || type === 0 || type >= stapA) {
        this.#reject();
        return;
      }
      this.#wholeUnit(buffer, unitStart, unitEnd);
      at = unitEnd;
    }
  }

  #fragment(buffer: Uint8Array, start: number, end: number): void {
    if (end - start < 2) {
      this.#reject();
      return;
    }
    const indicator = byteAt(buffer, start);
    const header = byteAt(buffer, start + 1);
    const type = header & 0x1f;
    if (type === 0 || type >= stapA) {
      this.#reject();
      return;
    }
    if ((header & 0x80) !== 0) {
      if (this.#inFragment) {
        this.#dropFragment();
        this.#isBroken = true;
      }
      this.#unitType = type;
      this.#inFragment = true;
      this.#keep(this.#buffer.appendByte((indicator & 0xe0) | type));
    } else if (!this.#inFragment || type !== this.#unitType) {
      // Its beginning is lost.
      if (this.#inFragment) this.#dropFragment();
      this.#isBroken = true;
      return;
    }
    this.#keep(this.#buffer.append(buffer, start + 2, end));
    if ((header & 0x40) !== 0) {
      this.#inFragment = false;
      this.#endUnit();
    }
  }

  #wholeUnit(buffer: Uint8Array, start: number, end: number): void {
    this.#unitType = nalTypeAt(buffer, start);
    this.#keep(this.#buffer.append(buffer, start, end));
    this.#endUnit();
  }

  #endUnit(): void {
    const type = this.#unitType;
    if (type === nalType.sps || type === nalType.pps) {
      this.#rememberParameterSet();
    } else if (type === nalType.accessUnitDelimiter || type === nalType.filler || this.#isOversize) {
      this.#buffer.dropUnit();
    } else {
      this.#keep(this.#buffer.endUnit());
      if (isVcl(type)) this.#hasPicture = true;
      if (type === nalType.idr) this.#isIdr = true;
    }
  }

  #rememberParameterSet(): void {
    try {
      this.#parameterSets.remember(this.#buffer.unitInProgress());
      this.#hasParameterSets = true;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#reject();
    }
    this.#buffer.dropUnit();
  }

  #finish(): void {
    if (this.#inFragment) {
      this.#dropFragment();
      this.#isBroken = true;
    }
    const isKey = this.#isIdr && this.#parameterSets.isComplete;
    const isBroken = this.#isBroken || (this.#doubt === 'reference' && !isKey);
    if (isBroken || this.#isOversize) this.broken += 1;
    if (this.#isOversize) this.oversize += 1;
    if (this.#isOversize || !this.#hasPicture) {
      // Nothing is handed on, so the next picture carries the news of what is missing.
      if (this.#isOversize || isBroken) this.#doubt = 'reference';
    } else {
      this.#doubt = 'none';
      this.#lastTimestamp = this.#timestamp;
      this.#handOn(isKey, isBroken);
    }
    this.#close();
  }

  #handOn(isKey: boolean, isBroken: boolean): void {
    const sets = this.#parameterSets;
    const withSets = this.#isIdr || this.#hasParameterSets;
    const { data, unitEnds } = withSets
      ? this.#buffer.take(sets.list, sets.listBytes)
      : this.#buffer.take([], 0);
    this.#onPicture({
      timestamp: this.#timestamp,
      arrivalMs: this.#arrivalMs,
      isKey,
      isBroken,
      data,
      unitEnds,
    });
  }

  #close(): void {
    this.#buffer.clear();
    this.#isOpen = false;
    this.#hasPicture = false;
    this.#isIdr = false;
    this.#hasParameterSets = false;
    this.#isBroken = false;
    this.#isOversize = false;
    this.#wasMarked = false;
    this.#inFragment = false;
  }

  #reject(): void {
    this.malformed += 1;
    this.#isBroken = true;
  }

  #dropFragment(): void {
    this.#inFragment = false;
    this.#buffer.dropUnit();
  }

  #keep(taken: boolean): void {
    if (!taken) this.#isOversize = true;
  }
}
