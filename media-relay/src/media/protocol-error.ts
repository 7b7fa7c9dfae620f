/**
 * What every parser of outside bytes throws, and the only thing it throws. `code` is stable
 * ('RTSP_BAD_STATUS_LINE') and bounded, so it can be a metric label; `message` names the field,
 * shows the offending value cut short and never contains a secret.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value from outside as it may appear in a message: printable, at most `limit` characters. */
export function excerpt(value: string, limit = 60): string {
  const printable = value.replace(/[^\x20-\x7e]/g, '\u00b7');
  return printable.length > limit ? `${printable.slice(0, limit)}\u2026` : printable;
}
