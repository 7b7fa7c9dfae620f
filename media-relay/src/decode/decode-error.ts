/** Why there is no picture. Those of `busy` and `closing` are worth another try. */
export type DecodeFailure =
  /** No ffmpeg on this host. */
  | 'no-ffmpeg'
  /** The queue is full, or the wait was too long. */
  | 'busy'
  | 'closing'
  /** ffmpeg could make nothing of it, or took too long. */
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
