// Problem details: RFC 9457. One table says what each code is; the codes are stable API and bounded, so they can be labels.
import type { ServerResponse } from 'node:http';

import type { OverCapacityReason } from '../engine/admission.ts';
import type { RefusalCode } from '../engine/messages.ts';

/**
 * 401 is never used: it would call for a WWW-Authenticate that we do not offer, and Grafana's proxy turns it into 400.
 * An offer that we understood and cannot serve is 422, not 406: nothing about Accept was negotiated.
 */
export const problems = {
  'bad-path': { status: 400, title: 'The path is written in a way that this server does not accept' },
  'bad-request': { status: 400, title: 'The request is not valid' },
  'offer-malformed': { status: 400, title: 'The SDP offer cannot be read' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'stream-not-found': { status: 404, title: 'No such stream' },
  'metric-not-kept': { status: 404, title: 'No history of this metric is kept' },
  'session-not-found': { status: 404, title: 'No such session; it may have ended' },
  'method-not-allowed': { status: 405, title: 'This address does not answer to this method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'stream-refused': { status: 409, title: 'The stream cannot be shown in a browser' },
  'stream-exists': { status: 409, title: 'A stream of this name exists' },
  'stream-from-config': {
    status: 409,
    title: 'The stream comes from the configuration file and is changed there',
  },
  'precondition-failed': { status: 412, title: 'The session is not the one that the request speaks of' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that is not understood here' },
  'config-invalid': { status: 422, title: 'The configuration is not valid' },
  'offer-without-video': { status: 422, title: 'The SDP offer asks for no video' },
  'no-common-codec': { status: 422, title: 'The browser and the stream have no codec in common' },
  'restart-unsupported': { status: 422, title: 'ICE restarts are not supported: make a new offer' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong in the relay' },
  'no-decoder': { status: 501, title: 'This host cannot decode pictures' },
  'over-capacity': { status: 503, title: 'The relay is full' },
  'picture-unreadable': { status: 503, title: 'The picture cannot be decoded' },
  'prometheus-unavailable': {
    status: 503,
    title: 'The Prometheus that keeps longer histories does not answer',
  },
  'stream-not-ready': { status: 503, title: 'The stream has no picture yet' },
  'shutting-down': { status: 503, title: 'The relay is stopping' },
} as const satisfies Record<string, { status: number; title: string }> &
  Record<RefusalCode, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** Seconds after which trying again makes sense, where nobody knows better. */
const defaultRetryAfterSeconds: Partial<Record<ProblemCode, number>> = {
  'rate-limited': 10,
  'over-capacity': 10,
  'picture-unreadable': 5,
  'prometheus-unavailable': 10,
  'stream-not-ready': 2,
  'shutting-down': 5,
};

export interface ProblemOptions {
  readonly retryAfterSeconds?: number | undefined;
  /** With `over-capacity`: which limit. */
  readonly reason?: OverCapacityReason | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown by whoever handles a request. `detail` is for the caller to read: no secrets, nothing from within. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number | undefined;
  readonly reason: OverCapacityReason | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    { retryAfterSeconds, reason, headers = {}, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause });
    this.code = code;
    this.headers = headers;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds ?? defaultRetryAfterSeconds[code];
  }

  get status(): number {
    return problems[this.code].status;
  }

  body(): string {
    return JSON.stringify({
      type: `urn:sightline:problem:${this.code}`,
      title: problems[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      reason: this.reason,
      retryAfterSeconds: this.retryAfterSeconds,
    });
  }

  allHeaders(): Record<string, string> {
    return {
      ...this.headers,
      ...(this.retryAfterSeconds === undefined
        ? {}
        : { 'Retry-After': String(Math.ceil(this.retryAfterSeconds)) }),
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    };
  }
}

/** Works on plain Node responses: problems arise before Express sees a request, too. */
export function sendProblem(response: ServerResponse, problem: HttpProblem): void {
  const body = Buffer.from(problem.body());
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries(problem.allHeaders())) response.setHeader(name, value);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** What body-parser calls its failures (its messages may quote the body and are not passed on). */
const bodyErrors: Readonly<Record<string, HttpProblem>> = {
  'entity.too.large': new HttpProblem('payload-too-large', 'The body may have 64 kB.'),
  'entity.parse.failed': new HttpProblem('bad-request', 'The body is not JSON.'),
  'encoding.unsupported': new HttpProblem('unsupported-media-type', 'The body must not be compressed.'),
  'charset.unsupported': new HttpProblem('unsupported-media-type', 'The body must be UTF-8.'),
  'request.aborted': new HttpProblem('bad-request', 'The body ended early.'),
  'request.size.invalid': new HttpProblem('bad-request', 'The body is not as long as its Content-Length.'),
};

/** Whatever was thrown, as something that may be shown. `internal` for what nobody foresaw. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const type: unknown = error instanceof Error && 'type' in error ? error.type : undefined;
  const known = typeof type === 'string' ? bodyErrors[type] : undefined;
  return known ?? new HttpProblem('internal', 'The log of the relay says more.', { cause: error });
}
