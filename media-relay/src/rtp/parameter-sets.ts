import { nalType, nalTypeAt, parameterSetId, parseSps } from '../media/h264.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import type { H264Facts } from '../media/track.ts';

/** Scaling lists and HRD parameters fit; more is no parameter set. */
const maxParameterSetBytes = 4096;

/** The newest SPS and PPS of one track, by their ids. */
export class ParameterSets {
  readonly #sps = new Map<number, Uint8Array>();
  readonly #pps = new Map<number, Uint8Array>();
  /** By SPS id. */
  readonly #facts = new Map<number, H264Facts>();
  #newestSps = -1;
  #list: Uint8Array[] = [];
  #listBytes = 0;

  /** Of the SPS that was seen last. */
  get facts(): H264Facts | undefined {
    return this.#facts.get(this.#newestSps);
  }

  get isComplete(): boolean {
    return this.#sps.size > 0 && this.#pps.size > 0;
  }

  /** Every SPS, then every PPS. */
  get list(): readonly Uint8Array[] {
    return this.#list;
  }

  get listBytes(): number {
    return this.#listBytes;
  }

  /** Remembers an SPS or PPS, copied when it is new. Throws ProtocolError, and keeps what it had, for a bad one. */
  remember(nal: Uint8Array): void {
    if (nal.length > maxParameterSetBytes) {
      throw new ProtocolError('H264_PARAMETER_SET_TOO_LONG', `Parameter set of ${nal.length} bytes`);
    }
    const isSps = nalTypeAt(nal, 0) === nalType.sps;
    const id = parameterSetId(nal);
    const sets = isSps ? this.#sps : this.#pps;
    const known = sets.get(id);
    if (known === undefined || Buffer.compare(known, nal) !== 0) {
      if (isSps) this.#facts.set(id, parseSps(nal));
      sets.set(id, nal.slice());
      this.#list = [...this.#sps.values(), ...this.#pps.values()];
      this.#listBytes = this.#list.reduce((sum, set) => sum + set.length, 0);
    }
    if (isSps) this.#newestSps = id;
  }
}
