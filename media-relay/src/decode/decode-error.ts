/** Why there is no picture. Those of `busy` and `closing` are worth another try. */
export type DecodeFailure =
  /** No ffmpeg on this host. */
  | 'no-ffmpeg'
  /** The queue is full, the wait was too long, or all decoders for moving pictures are in use. */
  | 'busy'
  | 'closing'
  /** ffmpeg could make nothing of it, took too long or wrote too much; or it was too large to be tried. */
  | 'failed';

export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeFailure;

  /** `message` is a sentence that anybody may read. */
  constructor(code: DecodeFailure, message: string) {
    super(message);
    this.code = code;
  }
}
