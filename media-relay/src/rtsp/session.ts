// The client's half of RTSP/1.0 (RFC 2326 sections 10 and 11), sans-IO: parsed messages and the time go in, requests to
// write and events come out. Not implemented: PAUSE, RECORD, REDIRECT from the server, pipelining, multicast.

import { excerpt, ProtocolError } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';
import { Authenticator } from './auth.ts';
import { baseUrl, resolveControl } from './control-url.ts';
import {
  formatRequest,
  formatResponse,
  type HeaderFields,
  type RtspRequest,
  type RtspResponse,
} from './message.ts';
import { parseSdp } from './sdp.ts';
import { chooseTracks, type WantedTrack } from './tracks.ts';
import { formatTransport, parseTransport, type TransportAnswer, type TransportRequest } from './transport.ts';
import { hostAndPort, type RtspTarget } from './url.ts';

export const requestTimeoutMs = 10_000;
const defaultSessionTimeoutSeconds = 60;
/** More often than most cameras ask: it also keeps NAT mappings open and measures the round trip. */
const maxKeepAliveMs = 30_000;
const minKeepAliveMs = 1000;

export type RtspSessionEvent =
  | { readonly type: 'send'; readonly text: string }
  /** Answer with `setup`, now or later: UDP ports have to be opened first. */
  | { readonly type: 'described'; readonly tracks: readonly WantedTrack[] }
  | { readonly type: 'track-ready'; readonly track: WantedTrack; readonly transport: TransportAnswer }
  | { readonly type: 'playing' }
  | { readonly type: 'round-trip'; readonly seconds: number }
  /** The answer to DESCRIBE was a redirection; the session is over. */
  | { readonly type: 'redirected'; readonly location: string }
  /** The camera took leave with TEARDOWN. */
  | { readonly type: 'ended' };

/** The camera refuses this kind of transport (461, 459, 454 to SETUP): another one may do. */
export class TransportRefusedError extends SourceError {}

export interface RtspSessionOptions {
  readonly target: RtspTarget;
  readonly userAgent: string;
  readonly cnonce: () => string;
  readonly emit: (event: RtspSessionEvent) => void;
}

type Method = 'OPTIONS' | 'DESCRIBE' | 'SETUP' | 'PLAY' | 'GET_PARAMETER' | 'TEARDOWN';

interface Outstanding {
  readonly method: Method;
  readonly url: string;
  readonly headers: HeaderFields;
  readonly attempt: number;
  readonly hadAuthorization: boolean;
  readonly sentMs: number;
  readonly isKeepAlive: boolean;
}

/** Every method throws `SourceError` or `ProtocolError` when the session is lost; after that it must not be used. */
export class RtspSession {
  readonly #target: RtspTarget;
  readonly #userAgent: string;
  readonly #emit: (event: RtspSessionEvent) => void;
  readonly #auth: Authenticator;
  #cseq = 0;
  readonly #outstanding = new Map<number, Outstanding>();
  /** Keep-alives that nobody answered in time; an answer that comes after all is no error. */
  readonly #forgotten = new Set<number>();
  #aggregateUrl: string;
  #sessionId: string | undefined;
  #keepAliveMs = (defaultSessionTimeoutSeconds * 1000) / 2;
  #nextKeepAliveMs = Number.POSITIVE_INFINITY;
  #publicMethods: ReadonlySet<string> = new Set();
  #refusesGetParameter = false;
  #tracks: readonly WantedTrack[] = [];
  #requests: readonly TransportRequest[] = [];
  #settingUp = 0;
  #channelsInUse = new Set<number>();
  #isOver = false;

  constructor(options: RtspSessionOptions) {
    this.#target = options.target;
    this.#userAgent = options.userAgent;
    this.#emit = options.emit;
    this.#aggregateUrl = options.target.requestUrl;
    this.#auth = new Authenticator(options.target.credentials, hostAndPort(options.target), options.cnonce);
  }

  start(nowMs: number): void {
    this.#request('OPTIONS', this.#target.requestUrl, [], nowMs);
  }

  /** The transports to ask for, one per track of `described`. */
  setup(requests: readonly TransportRequest[], nowMs: number): void {
    this.#requests = requests;
    this.#settingUp = 0;
    this.#setupNext(nowMs);
  }

  /** Call it about twice a second: request timeouts and keep-alives. */
  tick(nowMs: number): void {
    if (this.#isOver) return;
    for (const [cseq, request] of this.#outstanding) {
      const timeoutMs = request.isKeepAlive
        ? Math.min(requestTimeoutMs, this.#keepAliveMs)
        : requestTimeoutMs;
      if (nowMs - request.sentMs < timeoutMs) continue;
      if (!request.isKeepAlive) {
        throw this.#error('timeout', `did not answer ${request.method} within ${requestTimeoutMs / 1000} s`);
      }
      // Some cameras never answer these; whether pictures still come is judged elsewhere.
      this.#outstanding.delete(cseq);
      this.#forgotten.add(cseq);
      if (this.#forgotten.size > 8)
        for (const oldest of [...this.#forgotten].slice(0, 1)) this.#forgotten.delete(oldest);
      this.#refusesGetParameter = true;
    }
    if (nowMs < this.#nextKeepAliveMs || this.#outstanding.size > 0) return;
    this.#nextKeepAliveMs = nowMs + this.#keepAliveMs;
    const useGetParameter = this.#publicMethods.has('GET_PARAMETER') && !this.#refusesGetParameter;
    this.#request(useGetParameter ? 'GET_PARAMETER' : 'OPTIONS', this.#aggregateUrl, [], nowMs, true);
  }

  /** Says goodbye if there is a session to end; its answer is not waited for. */
  teardown(nowMs: number): void {
    if (this.#isOver || this.#sessionId === undefined) return;
    this.#request('TEARDOWN', this.#aggregateUrl, [], nowMs);
    this.#isOver = true;
  }

  handleRequest(request: RtspRequest): void {
    const cseq = request.headers.get('cseq');
    const fields: [string, string][] = cseq === undefined ? [] : [['CSeq', cseq]];
    const isKnown = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'TEARDOWN', 'ANNOUNCE'].includes(
      request.method,
    );
    if (request.method === 'OPTIONS')
      fields.push(['Public', 'OPTIONS, GET_PARAMETER, SET_PARAMETER, TEARDOWN']);
    const text = isKnown ? formatResponse(200, 'OK', fields) : formatResponse(501, 'Not Implemented', fields);
    this.#emit({ type: 'send', text });
    if (request.method === 'TEARDOWN') {
      this.#isOver = true;
      this.#emit({ type: 'ended' });
    }
  }

  handleResponse(response: RtspResponse, nowMs: number): void {
    if (this.#isOver || response.status < 200) return;
    const request = this.#takeOutstanding(response);
    if (request === undefined) return;
    // Whichever it is: some cameras describe themselves to everybody, and ask from SETUP or the first keep-alive on.
    if (request.hadAuthorization && isSuccess(response)) this.#auth.accepted();
    // The others make the camera start things, which takes longer than the way to it and back.
    if (request.method === 'OPTIONS' || request.method === 'GET_PARAMETER') {
      this.#emit({ type: 'round-trip', seconds: Math.max(0, nowMs - request.sentMs) / 1000 });
    }
    const methods = response.headers.all('public').join(',');
    if (methods !== '')
      this.#publicMethods = new Set(methods.split(',').map((method) => method.trim().toUpperCase()));
    if (request.isKeepAlive) return this.#keptAlive(request, response, nowMs);
    switch (request.method) {
      case 'OPTIONS':
        // Whatever it says: some cameras want a password even for this, some do not know it at all.
        return this.#describe(nowMs);
      case 'DESCRIBE':
        return this.#described(request, response, nowMs);
      case 'SETUP':
        return this.#setUp(request, response, nowMs);
      case 'PLAY':
        return this.#played(request, response, nowMs);
      case 'GET_PARAMETER':
      case 'TEARDOWN':
        return undefined;
    }
  }

  #takeOutstanding(response: RtspResponse): Outstanding | undefined {
    const value = response.headers.get('cseq');
    if (value === undefined && this.#outstanding.size === 1) {
      const [only] = this.#outstanding.values();
      this.#outstanding.clear();
      return only;
    }
    const cseq = value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
    if (cseq !== undefined && this.#forgotten.delete(cseq)) return undefined;
    const request = cseq === undefined ? undefined : this.#outstanding.get(cseq);
    if (cseq === undefined || request === undefined) {
      throw new ProtocolError(
        'RTSP_WRONG_CSEQ',
        `answer to CSeq "${excerpt(value ?? 'none')}", which was not asked`,
      );
    }
    this.#outstanding.delete(cseq);
    return request;
  }

  #describe(nowMs: number): void {
    this.#request('DESCRIBE', this.#target.requestUrl, [['Accept', 'application/sdp']], nowMs);
  }

  #described(request: Outstanding, response: RtspResponse, nowMs: number): void {
    if ([301, 302, 303, 305, 307, 308].includes(response.status)) {
      const location = response.headers.get('location');
      if (location === undefined || location === '') throw this.#refused(request, response);
      this.#isOver = true;
      return this.#emit({ type: 'redirected', location });
    }
    if (this.#retryWithAuthorization(request, response, nowMs)) return undefined;
    if (!isSuccess(response)) throw this.#refused(request, response);
    const base = baseUrl(response.headers, this.#target.requestUrl);
    const description = parseSdp(Buffer.from(response.body).toString('utf8'));
    this.#aggregateUrl = resolveControl(base, description.control);
    // Only an absolute control URL of the session moves the base of its tracks (RFC 2326 C.1.1).
    const isAbsolute = /^rtsps?:\/\//i.test(description.control ?? '');
    this.#tracks = chooseTracks(description, isAbsolute ? this.#aggregateUrl : base);
    return this.#emit({ type: 'described', tracks: this.#tracks });
  }

  #setupNext(nowMs: number): void {
    const track = this.#tracks[this.#settingUp];
    const transport = this.#requests[this.#settingUp];
    if (track !== undefined && transport !== undefined) {
      this.#request('SETUP', track.controlUrl, [['Transport', formatTransport(transport)]], nowMs);
    } else {
      this.#request('PLAY', this.#aggregateUrl, [['Range', 'npt=0.000-']], nowMs);
    }
  }

  #setUp(request: Outstanding, response: RtspResponse, nowMs: number): void {
    const track = this.#tracks[this.#settingUp];
    const wanted = this.#requests[this.#settingUp];
    if (track === undefined || wanted === undefined) throw this.#refused(request, response);
    if (this.#retryWithAuthorization(request, response, nowMs)) return;
    if (isSuccess(response)) {
      this.#rememberSession(response);
      this.#emit({ type: 'track-ready', track, transport: this.#agreedTransport(response, wanted) });
    } else if (track.track.kind === 'video') {
      if (![454, 459, 461].includes(response.status)) throw this.#refused(request, response);
      throw new TransportRefusedError(
        'refused-by-peer',
        `${hostAndPort(this.#target)} refuses ${wanted.lower.toUpperCase()} (${statusOf(response)}): try the other transport`,
      );
    }
    // A camera that offers audio and then refuses it still has a picture.
    this.#settingUp++;
    this.#setupNext(nowMs);
  }

  #rememberSession(response: RtspResponse): void {
    const value = response.headers.get('session');
    const match = value === undefined ? null : /^([^\s;]{1,512})\s*(?:;(.*))?$/.exec(value);
    if (match === null) {
      if (this.#sessionId !== undefined && value === undefined) return;
      throw new ProtocolError('RTSP_BAD_SESSION', `Session "${excerpt(value ?? 'none')}"`);
    }
    this.#sessionId = match[1];
    const timeout = /(?:^|;)\s*timeout\s*=\s*(\d{1,6})/i.exec(match[2] ?? '')?.[1];
    const timeoutSeconds =
      timeout === undefined || Number(timeout) === 0 ? defaultSessionTimeoutSeconds : Number(timeout);
    this.#keepAliveMs = Math.min(maxKeepAliveMs, Math.max(minKeepAliveMs, (timeoutSeconds * 1000) / 2));
  }

  #agreedTransport(response: RtspResponse, wanted: TransportRequest): TransportAnswer {
    const value = response.headers.get('transport');
    const candidates = value === undefined ? [] : parseTransport(value);
    const answer = candidates.find((candidate) => candidate.lower === wanted.lower && !candidate.isMulticast);
    if (answer === undefined && candidates.length > 0) {
      throw new TransportRefusedError(
        'refused-by-peer',
        `${hostAndPort(this.#target)} was asked for ${wanted.lower.toUpperCase()} and answers "${excerpt(value ?? '')}"`,
      );
    }
    const agreed = answer ?? { lower: wanted.lower, ...nothingAgreed };
    if (wanted.lower === 'udp') return agreed;
    const channels = agreed.channels ?? wanted.channels;
    for (const channel of channels) {
      if (this.#channelsInUse.has(channel)) {
        throw new ProtocolError('RTSP_CHANNEL_TWICE', `interleaved channel ${channel} given to two tracks`);
      }
      this.#channelsInUse.add(channel);
    }
    return { ...agreed, channels };
  }

  #played(request: Outstanding, response: RtspResponse, nowMs: number): void {
    if (this.#retryWithAuthorization(request, response, nowMs)) return;
    if (!isSuccess(response)) throw this.#refused(request, response);
    this.#nextKeepAliveMs = nowMs + this.#keepAliveMs;
    this.#emit({ type: 'playing' });
  }

  #keptAlive(request: Outstanding, response: RtspResponse, nowMs: number): void {
    if (response.status === 454)
      throw this.#error('ended', 'no longer knows our session (454 Session Not Found)');
    try {
      if (this.#retryWithAuthorization(request, response, nowMs)) return;
    } catch (error) {
      // As with one that nobody answers: whether pictures still come is judged elsewhere.
      if (!(error instanceof SourceError)) throw error;
    }
    if (!isSuccess(response) && request.method === 'GET_PARAMETER') this.#refusesGetParameter = true;
  }

  #retryWithAuthorization(request: Outstanding, response: RtspResponse, nowMs: number): boolean {
    if (response.status !== 401) return false;
    this.#auth.challenged(
      response.headers.all('www-authenticate'),
      request.attempt,
      request.hadAuthorization,
    );
    this.#request(
      request.method,
      request.url,
      request.headers,
      nowMs,
      request.isKeepAlive,
      request.attempt + 1,
    );
    return true;
  }

  #request(
    method: Method,
    url: string,
    headers: HeaderFields,
    nowMs: number,
    isKeepAlive = false,
    attempt = 1,
  ): void {
    const cseq = ++this.#cseq;
    const authorization = this.#auth.authorization(method, url);
    const fields: [string, string][] = [
      ['CSeq', String(cseq)],
      ['User-Agent', this.#userAgent],
    ];
    if (this.#sessionId !== undefined) fields.push(['Session', this.#sessionId]);
    if (authorization !== undefined) fields.push(['Authorization', authorization]);
    const hadAuthorization = authorization !== undefined;
    this.#outstanding.set(cseq, {
      method,
      url,
      headers,
      attempt,
      hadAuthorization,
      sentMs: nowMs,
      isKeepAlive,
    });
    this.#emit({ type: 'send', text: formatRequest(method, url, [...fields, ...headers]) });
  }

  #refused(request: Outstanding, response: RtspResponse): SourceError {
    const answered = `answered ${request.method} with ${statusOf(response)}`;
    switch (response.status) {
      case 401:
      case 403:
        return this.#error('unauthorized', `${answered}: the user of the URL may not watch this stream`);
      case 404:
      case 410:
        return this.#error('not-found', `${answered}: check the path of the URL`);
      default:
        return this.#error('refused-by-peer', answered);
    }
  }

  #error(
    code: 'timeout' | 'unauthorized' | 'not-found' | 'refused-by-peer' | 'ended',
    problem: string,
  ): SourceError {
    return new SourceError(code, `${hostAndPort(this.#target)} ${problem}`);
  }
}

const nothingAgreed = {
  isMulticast: false,
  channels: undefined,
  clientPorts: undefined,
  serverPorts: undefined,
  source: undefined,
  ssrc: undefined,
};

function isSuccess(response: RtspResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

function statusOf(response: RtspResponse): string {
  return `${response.status} ${excerpt(response.reason)}`.trim();
}
