/**
 * One viewer: ICE and DTLS around the media that they lead to. It is made by an accepted offer and ends by
 * itself (silence, a failed handshake, close_notify) or by `close`; either way everything it holds is freed at once.
 */
import type { QualityWish, SessionClock, SessionEnd, SessionQuality } from '../engine/messages.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import type { ViewerPath } from '../stream/path-statistics.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Stream, StreamReader } from '../stream/stream.ts';
import type { Destination } from './egress.ts';
import type { Dtls, DtlsFactory } from './dtls.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { IceLite } from './ice-lite.ts';
import type { Negotiation } from './negotiation.ts';
import { SILENCE_MS, type PortClient } from './port-client.ts';
import { PathEcho } from './path-echo.ts';
import { unknownPath } from './quality-policy.ts';
import { QualitySwitch } from './quality-switch.ts';
import { SessionMedia, type MediaDeps, type SessionSsrcs } from './session-media.ts';
import type { SrtpCipherFactory, SrtpProfileName } from './srtp.ts';
import { deriveSessionKeys, splitKeyingMaterial } from './srtp-keys.ts';

/**
 * Without a sign from there, another address of the viewer gets its media. Consent is checked every 4 to 6 s (RFC 7675),
 * and browsers check pairs that they do not use all the time.
 */
const DESTINATION_SILENCE_MS = 10_000;
/** From the answer to keys. */
const CONNECT_WITHIN_MS = 15_000;
const CANNOT_BE_SHOWN = 'the pictures of the camera cannot be shown in a browser';

export interface SessionDeps extends MediaDeps {
  /** From 0 to 1. */
  readonly random: () => number;
  readonly mainStream?:
    { readonly ask: (sessionId: string) => void; readonly giveBack: (sessionId: string) => void } | undefined;
  readonly dtls: DtlsFactory;
  readonly srtp: SrtpCipherFactory;
  readonly onConnected: (session: Session) => void;
  readonly onEnd: (session: Session, reason: SessionEnd, detail: string) => void;
}

export class Session implements PortClient, StreamReader {
  readonly id: string;
  readonly stream: Stream;
  readonly ssrcs: SessionSsrcs;
  readonly localUfrag: string;
  readonly #ice: IceLite;
  readonly #deps: SessionDeps;
  readonly #negotiation: Negotiation;
  readonly #createdMs: number;
  readonly #dtls: Dtls;
  readonly #quality: QualitySwitch;
  #dtlsTimer: NodeJS.Timeout | undefined;
  /** Where media goes: the first proven address, then whichever the viewer nominates, or has instead of a silent one. */
  #destination: Destination | undefined;
  #destinationHeardMs = 0;
  /** Whence DTLS came last, since the viewer has been there. */
  #dtlsDestination: Destination | undefined;
  #media: SessionMedia | undefined;
  #lastHeardMs: number;
  readonly #echo: PathEcho;
  #wasConnected = false;
  #ended = false;

  constructor(
    deps: SessionDeps,
    id: string,
    stream: Stream,
    negotiation: Negotiation,
    credentials: IceCredentials,
    ssrcs: SessionSsrcs,
    first: Rendition,
    wish: QualityWish,
  ) {
    this.#deps = deps;
    this.id = id;
    this.stream = stream;
    this.#negotiation = negotiation;
    this.localUfrag = credentials.ufrag;
    this.#ice = new IceLite({ local: credentials, remoteUfrag: negotiation.remote.iceUfrag });
    this.#echo = new PathEcho(credentials.ufrag, {
      ufrag: negotiation.remote.iceUfrag,
      pwd: negotiation.remote.icePwd,
    });
    this.ssrcs = ssrcs;
    this.#createdMs = deps.clock();
    const { profileLevelId } = negotiation.video;
    const { mainStream, random } = deps;
    const gate = mainStream && { ask: () => mainStream.ask(id), giveBack: () => mainStream.giveBack(id) };
    this.#quality = new QualitySwitch({ stream, reader: this, first, wish, profileLevelId, random, gate });
    this.#lastHeardMs = this.#createdMs;
    this.#dtls = deps.dtls.open(negotiation.dtlsRole, negotiation.remote.fingerprint, {
      send: (datagram) => {
        const destination = this.#dtlsDestination ?? this.#destination;
        if (destination) deps.egress.sendDatagram(destination, datagram);
      },
      connected: (profile, keyingMaterial) => this.#connected(profile, keyingMaterial),
      confirmedLate: () => this.#media?.feed.doubtStart(deps.clock()),
      ended: (reason, detail) => this.#end(reason === 'closed' ? 'closed-by-viewer' : 'dtls-failed', detail),
    });
  }

  /** It had keys at some time. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  get roundTripMs(): number | undefined {
    return this.#media?.roundTripMs;
  }

  /** By its last report; undefined before it is connected. */
  get path(): ViewerPath | undefined {
    return this.#media?.path;
  }

  onStun(datagram: Uint8Array, from: Destination, nowMs: number): boolean {
    if (this.#ended || this.#echo.handle(datagram, nowMs)) return false;
    const result = this.#ice.handle(datagram, { address: from.address, port: from.port }, nowMs);
    if (result.response) this.#deps.egress.sendDatagram(from, result.response);
    if (!result.valid) return false;
    this.#heard(nowMs);
    if (from === this.#destination) this.#destinationHeardMs = nowMs;
    else if (result.nominated || this.#isLost(nowMs)) this.#moveTo(from, nowMs);
    if (!this.#wasConnected) {
      // The viewer takes datagrams from us now: as the client we may begin.
      this.#dtls.start();
      this.#armDtlsTimer();
    }
    return true;
  }

  onDtls(datagram: Uint8Array, from: Destination): void {
    if (this.#ended) return;
    this.#dtlsDestination = from;
    this.#dtls.handle(datagram);
    this.#armDtlsTimer();
  }

  onRtcp(datagram: Uint8Array, from: Destination, nowMs: number): void {
    const packets = this.#media?.open(datagram);
    if (packets === undefined) return;
    if (from === this.#destination) this.#destinationHeardMs = nowMs;
    this.#heard(nowMs);
    for (const packet of packets) this.#media?.onRtcp(packet, nowMs);
  }

  /** Media goes there until there is a sign from elsewhere: the address may be back before. */
  onPathDoubtful(path: Destination): void {
    if (this.#destination === path) this.#destinationHeardMs = Number.NEGATIVE_INFINITY;
  }

  onPathLost(path: Destination): void {
    if (this.#destination === path) this.#destination = undefined;
    if (this.#dtlsDestination === path) this.#dtlsDestination = undefined;
  }

  onVideo(frame: StoredFrame, nowMs: number): void {
    this.#media?.feed.onFrame(frame, nowMs);
  }

  onAudio(frame: StoredFrame): void {
    this.#media?.onAudio(frame);
  }

  onInterrupt(): void {
    this.#media?.feed.interrupt();
  }

  onReady(rendition: Rendition): void {
    this.#quality.onReady(rendition, this.#media?.feed, this.#deps.clock());
  }

  /** Seen after the answer, as B-frames are. Told when there is a way to tell it; the next offer gets the reason. */
  onRefused(): void {
    if (this.#media !== undefined && this.#isRefused) this.#end('closed-by-relay', CANNOT_BE_SHOWN);
  }

  onEnd(reason: 'stream-removed'): void {
    this.#end(reason, 'the stream was removed');
  }

  /** About ten times a second. */
  tick(nowMs: number): void {
    this.#quality.steer(this.#media?.feed, this.#media?.facts(nowMs) ?? unknownPath, nowMs);
    if (this.#media === undefined) {
      if (nowMs - this.#createdMs > CONNECT_WITHIN_MS)
        this.#end('never-connected', 'no media path within 15 s');
      return;
    }
    if (nowMs - this.#lastHeardMs > SILENCE_MS) {
      this.#end('silent', 'nothing heard for 30 s');
      return;
    }
    this.#media.tick(nowMs);
  }

  /** RTP timestamps of the newest `frames` frames sent, with their arrival at the relay. */
  clock(frames: number): SessionClock {
    return { relayMs: this.#deps.clock(), frames: this.#media?.feed.sent.newest(frames) ?? [] };
  }

  /** Takes the wish, and says what became of it. An empty one asks. */
  quality(wish: QualityWish): SessionQuality {
    return this.#quality.wish(wish, this.#media?.feed, this.#deps.clock());
  }

  /** What was asked of `mainStream`. */
  answerMainStream(isGranted: boolean): void {
    this.#quality.answered(isGranted, this.#media?.feed, this.#deps.clock());
  }

  close(reason: SessionEnd): void {
    this.#end(reason, '');
  }

  /** There is nothing else to see: a substream is switched to (quality-policy.ts). */
  get #isRefused(): boolean {
    return this.stream.refusal !== undefined && this.stream.sub === undefined;
  }

  /** There is no way to the viewer, or nothing comes by it. */
  #isLost(nowMs: number): boolean {
    return this.#destination === undefined || nowMs - this.#destinationHeardMs > DESTINATION_SILENCE_MS;
  }

  #moveTo(destination: Destination, nowMs: number): void {
    this.#destination = destination;
    this.#dtlsDestination = undefined;
    this.#destinationHeardMs = nowMs;
    this.#media?.pathChanged();
  }

  /** Something authentic came from the viewer. */
  #heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#media?.heard(nowMs);
  }

  #connected(profile: SrtpProfileName, keyingMaterial: Uint8Array): void {
    const deps = this.#deps;
    const store = this.#quality.playing.videoStore;
    if (store === undefined) {
      this.#end('closed-by-relay', 'the stream has no video');
      return;
    }
    if (this.#isRefused) {
      this.#end('closed-by-relay', CANNOT_BE_SHOWN);
      return;
    }
    const keys = splitKeyingMaterial(keyingMaterial, profile);
    const isClient = this.#negotiation.dtlsRole === 'client';
    const [own, viewers] = isClient ? [keys.client, keys.server] : [keys.server, keys.client];
    this.#media = new SessionMedia(deps, {
      stream: this.stream,
      store,
      playing: () => this.#quality.playing,
      negotiation: this.#negotiation,
      ssrcs: this.ssrcs,
      cipher: deps.srtp.create(profile, deriveSessionKeys(own, profile), deriveSessionKeys(viewers, profile)),
      destination: () => this.#destination,
      echo: (answer) => this.#sendEcho(answer),
    });
    this.#media.feed.start(deps.clock());
    this.#wasConnected = true;
    deps.onConnected(this);
  }

  #sendEcho(answer: (roundTripMs: number) => void): void {
    if (!this.#destination) return;
    const request = this.#echo.request(this.#deps.clock(), answer);
    this.#deps.egress.sendDatagram(this.#destination, request);
  }

  #armDtlsTimer(): void {
    clearTimeout(this.#dtlsTimer);
    const timeoutMs = this.#ended ? undefined : this.#dtls.timeoutMs();
    if (timeoutMs === undefined) return;
    this.#dtlsTimer = setTimeout(() => {
      this.#dtls.handleTimeout();
      this.#armDtlsTimer();
    }, timeoutMs);
  }

  #end(reason: SessionEnd, detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#dtlsTimer);
    this.#dtls.close();
    this.stream.detach(this);
    this.#media?.close();
    this.#media = undefined;
    this.#deps.onEnd(this, reason, detail);
  }
}
