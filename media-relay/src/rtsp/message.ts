// RTSP/1.0 messages, RFC 2326 sections 4-7. Header values are UTF-8 text, as they came.

/** Header fields of one message in order of arrival; names in any case. */
export class RtspHeaders {
  readonly entries: readonly (readonly [name: string, value: string])[];

  constructor(entries: readonly (readonly [name: string, value: string])[]) {
    this.entries = entries.map(([name, value]) => [name.toLowerCase(), value] as const);
  }

  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.entries.find(([key]) => key === wanted)?.[1];
  }

  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.entries.filter(([key]) => key === wanted).map(([, value]) => value);
  }
}

export interface RtspResponse {
  readonly type: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** Owned by the receiver of the message. */
  readonly body: Uint8Array;
}

export interface RtspRequest {
  readonly type: 'request';
  readonly method: string;
  readonly url: string;
  readonly headers: RtspHeaders;
  readonly body: Uint8Array;
}

export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** Values must be free of line breaks: all come from parsed lines or from our own constants. */
export function formatRequest(method: string, url: string, headers: HeaderFields): string {
  return `${method} ${url} RTSP/1.0\r\n${formatHeaders(headers)}\r\n`;
}

export function formatResponse(status: number, reason: string, headers: HeaderFields): string {
  return `RTSP/1.0 ${status} ${reason}\r\n${formatHeaders(headers)}\r\n`;
}

function formatHeaders(headers: HeaderFields): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
