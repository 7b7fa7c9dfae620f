/**
 * One WHEP session (draft-ietf-wish-whep): offer, answer, media, DELETE. The relay is ICE-lite and learns this browser's
 * addresses from its connectivity checks, so the offer leaves before any candidate is gathered, and no PATCH follows.
 */
import type { Quality } from '../stream/states.ts';
import { Beacon, beaconCounters } from './beacon.ts';
import type { BeaconReport } from './beacon.ts';
import { DownlinkWatch } from './downlink-watch.ts';
import type { Gate } from './gate.ts';
import { QualityReporter, tileOf } from './whep-quality-reporter.ts';
import { offerUrl } from './quality-wish.ts';
import type { KnownCipher } from './known-cipher.ts';
import { mediaAddressesOf, mediaPortsOf } from './media-ports.ts';
import { pictureAgeMs, sessionClockFrom } from './relay-clock.ts';
import type { FrameMark, RelayClock } from './relay-clock.ts';
import { problemFrom, refusalFrom } from './refusal.ts';
import { resourceUrlFrom } from './resource-url.ts';
import type { Signalling, SignalRequest } from './signalling.ts';
import type { SparePeer } from './spare-peer.ts';
import type { Counters } from './statistics.ts';
import type { TileInput } from './tile-machine.ts';
import { videoCounters } from './video-counters.ts';
import { onGoodbye } from './whep-goodbye.ts';

/** The relay answers within 2 s; a proxy in between may take its time. */
const OFFER_TIMEOUT_MS = 10_000;
/** Connections that a firewall forgot never answer, and a browser has six to one relay: the next offer needs one. */
const REQUEST_TIMEOUT_MS = 5_000;
/** A place among the handshakes is given back after this, whether or not the media path stands. */
const HANDSHAKE_MS = 2000;
const PAINTED_FRAMES_KEPT = 60;
const CLOCK_FRAMES = 15;

export interface WhepSessionOptions {
  readonly url: string;
  readonly video: HTMLVideoElement;
  readonly audio: boolean;
  readonly quality: Quality;
  readonly signal: Signalling;
  readonly headers: Readonly<Record<string, string>>;
  readonly handshakes: Gate;
  readonly relayClock: RelayClock;
  readonly cipher: KnownCipher;
  /** Of the attempts before; gets this one's if there is no answer. */
  readonly spare: SparePeer<RTCPeerConnection>;
  readonly nowMs: () => number;
  readonly onInput: (input: TileInput) => void;
}

export class WhepSession {
  readonly #options: WhepSessionOptions;
  readonly #stream = new MediaStream();
  readonly #closing = new AbortController();
  readonly #beacon: Beacon;
  readonly #downlink = new DownlinkWatch();
  /** Made when it is this session's turn: browsers allow a page only so many, and some allow none. */
  #peer: RTCPeerConnection | undefined;
  #wasConnected = false;
  #leaveHandshake: (() => void) | undefined;
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined;
  #resourceUrl: string | undefined;
  #qualityReporter: QualityReporter | undefined;
  #frameCallback: number | undefined;
  #painted: { readonly paintedMs: number; readonly rtpTimestamp: number }[] = [];
  #mark: FrameMark | undefined;

  constructor(options: WhepSessionOptions) {
    this.#options = options;
    this.#beacon = new Beacon(options.nowMs());
    void this.#negotiate();
  }

  /** Idempotent. The video keeps its last picture until another stream is attached. */
  close(how: { readonly keepalive: boolean }): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#endHandshake();
    this.#qualityReporter?.close();
    if (this.#frameCallback !== undefined) this.#options.video.cancelVideoFrameCallback(this.#frameCallback);
    this.#peer?.close();
    this.#deleteResource(how.keepalive);
  }

  /** Muted video may start by itself in most browsers, not in all (battery savers, policies). */
  play(): void {
    const { video, onInput } = this.#options;
    video.play().then(
      () => onInput({ type: 'playback', allowed: true }),
      (error: unknown) => {
        // Anything else is a source that was replaced meanwhile.
        const isRefused = error instanceof DOMException && error.name === 'NotAllowedError';
        if (isRefused && !this.#closing.signal.aborted) onInput({ type: 'playback', allowed: false });
      },
    );
  }

  /** The browser's counters now; undefined before there are any. The relay is told of them when that is due. */
  async counters(): Promise<Counters | undefined> {
    if (this.#peer === undefined || this.#closing.signal.aborted) return undefined;
    const report = await this.#peer.getStats();
    this.#options.cipher.learn(report);
    const nowMs = this.#options.nowMs();
    const counted = beaconCounters(report);
    const due = counted === undefined ? undefined : this.#beacon.due(nowMs, counted);
    if (due !== undefined) void this.#report(due);
    const counters = videoCounters(report, nowMs);
    if (counters !== undefined) this.#downlink.received(counters.packetsReceived, nowMs);
    return counters;
  }

  /** Median age of the pictures painted since the last call; undefined while a clock is unknown or none was painted. */
  takeDelayMs(): number | undefined {
    const mark = this.#mark;
    const offsetMs = this.#options.relayClock.offsetMs;
    const painted = this.#painted.splice(0);
    if (mark === undefined || offsetMs === undefined) return undefined;
    const agesMs = painted.map((frame) => pictureAgeMs(frame.paintedMs, frame.rtpTimestamp, mark, offsetMs));
    const medianMs = agesMs.sort((a, b) => a - b)[agesMs.length >> 1];
    this.#beacon.delay(medianMs);
    return medianMs;
  }

  /**
   * Asks the relay when its newest frames for this viewer arrived. Without an answer the old mark stays; when the relay
   * knows no such session, or sends pictures that do not arrive, the session is over.
   */
  async refreshClock(): Promise<void> {
    if (this.#resourceUrl === undefined || this.#closing.signal.aborted) return;
    const { nowMs, relayClock, onInput } = this.#options;
    const requestMs = nowMs();
    const response = await this.#request({
      method: 'GET',
      url: `${sessionUrl(this.#options.url, this.#resourceUrl)}/clock?frames=${CLOCK_FRAMES}`,
      headers: this.#options.headers,
    });
    const responseMs = nowMs();
    if (response?.status === 404 && problemFrom(response.body).code === 'session-not-found')
      return onInput({ type: 'path', path: 'ended' });
    const clock = response?.status === 200 ? sessionClockFrom(response.body) : undefined;
    if (clock === undefined) return;
    relayClock.add(requestMs, responseMs, clock.relayMs);
    this.#mark = clock.mark ?? this.#mark;
    if (clock.newestMs !== undefined && this.#downlink.isDead(clock.newestMs, requestMs, responseMs))
      onInput({ type: 'path', path: 'failed' });
  }

  async #negotiate(): Promise<void> {
    const { handshakes, spare, nowMs, onInput } = this.#options;
    const { signal } = this.#closing;
    try {
      this.#leaveHandshake = await handshakes.enter(signal);
      if (signal.aborted) return;
      const kept = spare.take(nowMs());
      const peer = (this.#peer = kept?.connection ?? this.#newPeer());
      peer.addEventListener('track', (event) => this.#attach(event), { signal });
      peer.addEventListener('connectionstatechange', () => this.#pathChanged(peer), { signal });
      if (kept === undefined) await peer.setLocalDescription();
      const offer = kept ?? { connection: peer, sdp: peer.localDescription?.sdp ?? '', madeMs: nowMs() };
      const answer = await this.#offer(offer.sdp);
      if (signal.aborted) return this.#deleteResource(false);
      if (typeof answer !== 'string') {
        this.#peer = undefined;
        spare.keep(offer);
        this.#endHandshake();
        return onInput(answer);
      }
      onInput({
        type: 'answered',
        mediaPorts: mediaPortsOf(answer),
        mediaAddresses: mediaAddressesOf(answer),
      });
      this.#handshakeTimer = setTimeout(() => this.#endHandshake(), HANDSHAKE_MS);
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      if (signal.aborted) return;
      this.#endHandshake();
      const sentence = `This browser cannot play the stream: ${reasonOf(error)}.`;
      onInput({ type: 'failed', code: 'browser-failed', sentence });
    }
  }

  #newPeer(): RTCPeerConnection {
    const peer = new RTCPeerConnection();
    peer.addTransceiver('video', { direction: 'recvonly' });
    if (this.#options.audio) peer.addTransceiver('audio', { direction: 'recvonly' });
    return peer;
  }

  /** The answer's SDP, or why there is none. */
  async #offer(sdp: string): Promise<string | TileInput> {
    const { url, headers, video, quality, handshakes, cipher } = this.#options;
    const tile = tileOf(video);
    // Not aborted by close(): the relay may already have made the session, and only the answer tells what to delete.
    const response = await this.#request({
      method: 'POST',
      url: offerUrl(url, quality, tile),
      headers: { ...headers, 'Content-Type': 'application/sdp', Accept: 'application/sdp' },
      body: cipher.mark(sdp),
      signal: AbortSignal.timeout(OFFER_TIMEOUT_MS),
    });
    if (response === undefined) {
      handshakes.failed(url);
      return { type: 'failed', code: 'no-answer', sentence: 'The relay cannot be reached.' };
    }
    if (response.status !== 201) {
      const refusal = refusalFrom(response.status, response.header('Retry-After'), response.body);
      // A wait without a code of the relay's is a proxy's, and perhaps of this stream alone.
      if (refusal.isOfRelay) handshakes.failed(url, refusal.code === undefined ? 0 : refusal.retryAfterMs);
      else handshakes.answered(url);
      return { type: 'refused', refusal };
    }
    handshakes.answered(url);
    const resourceUrl = resourceUrlFrom(response.header('Location'), url);
    this.#resourceUrl = resourceUrl;
    if (resourceUrl !== undefined && quality === 'auto' && !this.#closing.signal.aborted) {
      const request = (report: SignalRequest) => this.#request(report);
      this.#qualityReporter = new QualityReporter({ video, resourceUrl, reported: tile, headers, request });
    }
    return response.body;
  }

  #attach({ track, receiver }: RTCTrackEvent): void {
    const { video, onInput } = this.#options;
    this.#stream.addTrack(track);
    if (track.kind !== 'video') return;
    onGoodbye(receiver, this.#closing.signal, () => onInput({ type: 'path', path: 'ended' }));
    video.srcObject = this.#stream;
    this.play();
    if ('requestVideoFrameCallback' in video) this.#awaitFrame();
  }

  #awaitFrame(): void {
    const { video, onInput } = this.#options;
    this.#frameCallback = video.requestVideoFrameCallback((paintedMs, { rtpTimestamp }) => {
      if (this.#closing.signal.aborted) return;
      if (rtpTimestamp !== undefined) {
        this.#painted.push({ paintedMs: performance.timeOrigin + paintedMs, rtpTimestamp });
        if (this.#painted.length > PAINTED_FRAMES_KEPT) this.#painted.shift();
      }
      this.#beacon.painted(this.#options.nowMs());
      this.#awaitFrame();
      onInput({ type: 'frame' });
    });
  }

  #pathChanged({ connectionState, iceConnectionState }: RTCPeerConnection): void {
    const { cipher, onInput } = this.#options;
    switch (connectionState) {
      case 'connected':
        this.#wasConnected = true;
        this.#endHandshake();
        return onInput({ type: 'path', path: 'connected' });
      case 'disconnected':
        return onInput({ type: 'path', path: 'disconnected' });
      case 'failed':
      case 'closed':
        if (!this.#wasConnected) cipher.forget();
        return onInput({ type: 'path', path: isWayOpen(iceConnectionState) ? 'ended' : 'failed' });
      case 'new':
      case 'connecting':
        return undefined;
    }
  }

  #endHandshake(): void {
    clearTimeout(this.#handshakeTimer);
    this.#leaveHandshake?.();
  }

  /** Nothing depends on its arrival. */
  async #report(report: BeaconReport): Promise<void> {
    const { url, headers } = this.#options;
    if (this.#resourceUrl === undefined || this.#closing.signal.aborted) return;
    await this.#request({
      method: 'POST',
      url: `${sessionUrl(url, this.#resourceUrl)}/quality`,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(report),
    });
  }

  #deleteResource(keepalive: boolean): void {
    if (this.#resourceUrl === undefined) return;
    const url = this.#resourceUrl;
    this.#resourceUrl = undefined;
    void this.#request({ method: 'DELETE', url, headers: this.#options.headers, keepalive });
  }

  async #request(request: SignalRequest): Promise<Awaited<ReturnType<Signalling>> | undefined> {
    try {
      return await this.#options.signal({ signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...request });
    } catch {
      return undefined;
    }
  }
}

/** Then what failed is DTLS. */
function isWayOpen(ice: RTCIceConnectionState): boolean {
  return ice === 'connected' || ice === 'completed';
}

/** `.../whep/{stream}` and the session's resource give `.../sessions/{id}`. */
function sessionUrl(whepUrl: string, resourceUrl: string): string {
  const id = new URL(resourceUrl).pathname.split('/').at(-1) ?? '';
  return new URL(`../sessions/${id}`, whepUrl).href;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown reason';
}
