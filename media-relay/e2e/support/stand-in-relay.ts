/**
 * Stands in for the relay where a test must make it misbehave: the real wall page, the HTTP contract as far as the page
 * uses it, and werift as a real WebRTC peer that forwards a test picture.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import { buildPages } from '../../src/client/build.ts';
import type { Pages } from '../../src/http/deps.ts';
import { problems } from '../../src/http/errors.ts';
import type { ProblemCode } from '../../src/http/errors.ts';
import type { StreamView } from '../../src/http/schemas.ts';
import type { TestPicture } from './test-picture.ts';

const MARKS_KEPT = 15;

interface Session {
  readonly id: string;
  readonly stream: string;
  readonly peer: RTCPeerConnection;
  readonly closing: AbortController;
  /** Newest last. */
  readonly marks: [rtpTimestamp: number, ingestMs: number][];
}

export interface Refuse {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

export interface Asked {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
}

export class StandInRelay implements AsyncDisposable {
  /** What the list of streams says; change at will. */
  streams: StreamView[];
  /** By stream name: the answer to its offers. */
  readonly refusals = new Map<string, Refuse>();
  /** Streams of which no packet leaves. */
  readonly silent = new Set<string>();
  /** Streams whose packets leave and arrive nowhere. */
  readonly lost = new Set<string>();
  /** Requests of these methods are taken and never answered, as by a connection that a firewall forgot. */
  readonly unanswered = new Set<string>();
  /** So many of the next wishes for another quality are refused. */
  wishesRefused = 0;
  /** Answers offers with an address where nobody listens. */
  deadMediaPort = false;
  readonly asked: Asked[] = [];
  readonly #picture: (stream: string) => TestPicture;
  readonly #pages: Pages;
  readonly #prefix: string;
  readonly #sessions = new Map<string, Session>();
  #server: Server | undefined;
  #port = 0;

  /** `prefix`: the path below which everything is served, as behind a proxy; with its slashes. */
  static async start(
    streams: StreamView[],
    picture: (stream: string) => TestPicture,
    prefix = '/',
  ): Promise<StandInRelay> {
    const relay = new StandInRelay(streams, picture, await buildPages(), prefix);
    await relay.listen();
    return relay;
  }

  private constructor(
    streams: StreamView[],
    picture: (stream: string) => TestPicture,
    pages: Pages,
    prefix: string,
  ) {
    this.streams = streams;
    this.#picture = picture;
    this.#pages = pages;
    this.#prefix = prefix;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#prefix}`;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  offers(stream: string): readonly Asked[] {
    return this.asked.filter(({ method, path }) => method === 'POST' && path.endsWith(`/whep/${stream}`));
  }

  /** Wishes for another quality. */
  wishes(stream: string): readonly Asked[] {
    return this.asked.filter(({ method, path }) => method === 'POST' && path.includes(`/whep/${stream}/`));
  }

  /** On the port of the last time. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#server = server;
  }

  /** As when the relay's process is gone: nothing answers any more. */
  async vanish(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await Promise.all([
      ...[...this.#sessions.values()].map((session) => this.#end(session)),
      server === undefined ? undefined : new Promise((resolve) => server.close(resolve)),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?');
    this.asked.push({ atMs: performance.now(), method, path });
    if (this.unanswered.has(method)) return;
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    if (!path.startsWith(this.#prefix))
      return refuse(response, { code: 'not-found', detail: 'Outside the prefix.' });
    const [first = '', ...rest] = path.slice(this.#prefix.length).split('/');
    if (method === 'GET' && (first === '' || first === 'assets'))
      return this.#page(response, first, rest[0] ?? '');
    const [, kind, name = '', id = ''] = rest;
    if (method === 'GET' && kind === 'streams')
      return json(response, { nowMs: Date.now(), streams: this.streams });
    if (method === 'GET' && kind === 'sessions') return this.#clock(response, name);
    if (method === 'POST' && kind === 'sessions') {
      response.writeHead(204).end();
      return;
    }
    if (method === 'POST' && kind === 'whep' && id !== '' && this.wishesRefused-- > 0)
      return refuse(response, { code: 'rate-limited', detail: 'Later.' });
    if (method === 'POST' && kind === 'whep' && id !== '')
      return json(response, { wanted: 'auto', playing: 'main', switchingTo: null, reason: null });
    if (method === 'POST' && kind === 'whep') return this.#offer(response, name, await text(request));
    const session = this.#sessions.get(id);
    if (method === 'DELETE' && kind === 'whep' && session !== undefined) {
      await this.#end(session);
      response.writeHead(200).end();
      return;
    }
    refuse(response, { code: 'not-found', detail: 'Nothing here.' });
  }

  #page(response: ServerResponse, first: string, name: string): void {
    const file = first === '' ? this.#pages.wall : this.#pages.files.get(name);
    if (file === undefined) return refuse(response, { code: 'not-found', detail: 'No such file.' });
    response.writeHead(200, { 'Content-Type': file.type, ETag: file.etag }).end(file.body);
  }

  #clock(response: ServerResponse, id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return refuse(response, { code: 'session-not-found', detail: 'Gone.' });
    json(response, { relayMs: Date.now(), frames: session.marks });
  }

  async #offer(response: ServerResponse, stream: string, sdp: string): Promise<void> {
    const refusal = this.refusals.get(stream);
    if (refusal !== undefined) return refuse(response, refusal);
    const peer = new RTCPeerConnection({
      iceServers: [],
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      codecs: { video: [new RTCRtpCodecParameters({ mimeType: 'video/H264', clockRate: 90_000 })] },
    });
    const track = new MediaStreamTrack({ kind: 'video' });
    const session: Session = { id: randomUUID(), stream, peer, closing: new AbortController(), marks: [] };
    this.#sessions.set(session.id, session);
    peer.addTransceiver(track, { direction: 'sendonly' });
    await peer.setRemoteDescription({ type: 'offer', sdp });
    await peer.setLocalDescription(await peer.createAnswer());
    const answer = peer.localDescription?.sdp ?? '';
    this.#picture(stream).subscribe((packet) => {
      if (this.silent.has(stream) || peer.connectionState !== 'connected') return;
      if (!this.lost.has(stream)) track.writeRtp(packet);
      const marker = ((packet[1] ?? 0) & 0x80) !== 0;
      if (!marker) return;
      session.marks.push([packet.readUInt32BE(4), Date.now()]);
      if (session.marks.length > MARKS_KEPT) session.marks.shift();
    }, session.closing.signal);
    response
      .writeHead(201, { 'Content-Type': 'application/sdp', Location: `${stream}/${session.id}` })
      .end(this.deadMediaPort ? answer.replaceAll(/^(a=candidate:.* )\d+( typ .*)$/gm, '$19$2') : answer);
  }

  async #end(session: Session): Promise<void> {
    this.#sessions.delete(session.id);
    session.closing.abort();
    await session.peer.close();
  }
}

/** A stream's entry in the list: live, unless said otherwise. */
export function streamView(name: string, changes: Partial<StreamView> = {}): StreamView {
  return {
    name,
    title: name,
    labels: {},
    site: null,
    origin: 'config',
    onDemand: false,
    state: 'live',
    stateSinceMs: Date.now(),
    reason: null,
    reasonCode: null,
    warnings: [],
    transport: 'tcp',
    videoCodec: 'H264',
    videoProfile: 'Constrained Baseline',
    audioCodec: null,
    width: 640,
    height: 360,
    framesPerSecond: 30,
    bitrateBps: 1_000_000,
    keyFrameIntervalSeconds: 0.5,
    lastFrameMs: Date.now(),
    viewers: 0,
    qualitySwitches: {},
    substream: null,
    picture: null,
    ...changes,
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, { code, detail, retryAfterSeconds }: Refuse): void {
  const { status, title } = problems[code];
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json', ...retryAfter })
    .end(JSON.stringify({ type: `urn:sightline:problem:${code}`, title, status, code, detail }));
}
