/**
 * One viewer: ICE, DTLS and RTCP around a video feed and an audio feed. It is made by an accepted offer and ends by
 * itself (silence, a failed handshake, close_notify) or by `close`; either way everything it holds is freed at once.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { QualityWish, SessionClock, SessionEnd, SessionQuality } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import type { Arena, Block } from '../native/arena.ts';
import { parseRtcp, writeSenderReport, type RtcpPacket } from '../rtp/rtcp.ts';
import type { TransportFeedback } from '../rtp/transport-cc.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import type { ViewerPath, ViewerTransport } from '../stream/path-statistics.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Stream, StreamReader } from '../stream/stream.ts';
import { AudioFeed } from './audio-feed.ts';
import type { Destination, Egress } from './egress.ts';
import type { Dtls, DtlsFactory } from './dtls.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { IceLite } from './ice-lite.ts';
import type { Negotiation } from './negotiation.ts';
import type { Pacer, TokenBucket } from './pacer.ts';
import type { PortClient } from './port-client.ts';
import { PathEcho } from './path-echo.ts';
import { PathEstimate } from './path-estimate.ts';
import { unknownPath, type PathFacts } from './quality-policy.ts';
import { QualitySwitch } from './quality-switch.ts';
import { Resender } from './resender.ts';
import { RtpSender, type TransportCc } from './rtp-sender.ts';
import type { SrtpCipher, SrtpCipherFactory, SrtpProfileName } from './srtp.ts';
import { deriveSessionKeys, splitKeyingMaterial } from './srtp-keys.ts';
import { VideoFeed } from './video-feed.ts';
import { ViewerBudget } from './viewer-budget.ts';
import { ViewerReports } from './viewer-reports.ts';

/** Nothing authentic from the viewer for this long: it is gone (RFC 7675). */
const SILENCE_MS = 30_000;
/** From the answer to keys. */
const CONNECT_WITHIN_MS = 15_000;
const SENDER_REPORT_MS = 1000;
/** RFC 7022 wants it unique per endpoint; one session is one RTP endpoint to its viewer. */
export const CNAME = 'sightline';

export interface SessionDeps {
  readonly arena: Arena;
  readonly clock: Clock;
  readonly egress: Egress;
  readonly dtls: DtlsFactory;
  readonly srtp: SrtpCipherFactory;
  readonly pacer: Pacer;
  readonly burstBudget: TokenBucket;
  readonly unpaced: boolean;
  /** Scratch for one payload. */
  readonly payload: Block;
  readonly onConnected: (session: Session) => void;
  readonly onEnd: (session: Session, reason: SessionEnd, detail: string) => void;
}

export interface SessionSsrcs {
  readonly video: number;
  readonly rtx: number;
  readonly audio: number;
}

export const randomSsrcs = (): SessionSsrcs => {
  const ssrcs = new Set<number>();
  while (ssrcs.size < 3) ssrcs.add(randomInt(1, 0xffff_ffff));
  const [video = 1, rtx = 2, audio = 3] = ssrcs;
  return { video, rtx, audio };
};

interface Media {
  readonly cipher: SrtpCipher;
  readonly video: RtpSender;
  readonly feed: VideoFeed;
  readonly budget: ViewerBudget;
  readonly estimate: PathEstimate;
  readonly resender: Resender;
  readonly audio: AudioFeed | undefined;
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
  /** Where media goes: the first proven address, then whichever the viewer nominates. */
  #destination: Destination | undefined;
  #dtlsDestination: Destination | undefined;
  #media: Media | undefined;
  #lastHeardMs: number;
  #nextReportMs = 0;
  readonly #reports = new ViewerReports();
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
    this.#quality = new QualitySwitch({ stream, reader: this, first, wish, profileLevelId });
    this.#lastHeardMs = this.#createdMs;
    this.#dtls = deps.dtls.accept(negotiation.remote.fingerprint, {
      send: (datagram) => {
        if (this.#dtlsDestination) deps.egress.sendDatagram(this.#dtlsDestination, datagram);
      },
      connected: (profile, keyingMaterial) => this.#connected(profile, keyingMaterial),
      ended: (reason, detail) => this.#end(reason === 'closed' ? 'closed-by-viewer' : 'dtls-failed', detail),
    });
  }

  /** It had keys at some time. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  get roundTripMs(): number | undefined {
    return this.#reports.roundTripMs;
  }

  /** By its last report; undefined before it is connected. */
  get path(): ViewerPath | undefined {
    const isLimited = this.#media?.estimate.capacityBps !== undefined;
    return this.#media && this.#reports.path(isLimited, transportOf(this.#destination));
  }

  onStun(datagram: Uint8Array, from: Destination, nowMs: number): boolean {
    if (this.#ended || this.#echo.handle(datagram, nowMs)) return false;
    const result = this.#ice.handle(datagram, { address: from.address, port: from.port }, nowMs);
    if (result.response) this.#deps.egress.sendDatagram(from, result.response);
    if (!result.valid) return false;
    this.#heard(nowMs);
    if (result.nominated || this.#destination === undefined) this.#destination = from;
    return true;
  }

  onDtls(datagram: Uint8Array, from: Destination): void {
    if (this.#ended) return;
    this.#dtlsDestination = from;
    this.#dtls.handle(datagram);
    this.#armDtlsTimer();
  }

  onRtcp(datagram: Uint8Array, nowMs: number): void {
    const media = this.#media;
    const plain = media?.cipher.openRtcp(datagram);
    if (media === undefined || plain === undefined) return;
    this.#heard(nowMs);
    let packets: readonly RtcpPacket[];
    try {
      packets = parseRtcp(plain, 0, plain.length);
    } catch {
      return; // authentic, but not RTCP as we know it
    }
    for (const packet of packets) this.#handleRtcp(media, packet, nowMs);
  }

  onPathLost(path: Destination): void {
    if (this.#destination === path) this.#destination = undefined;
    if (this.#dtlsDestination === path) this.#dtlsDestination = undefined;
  }

  onVideo(frame: StoredFrame, nowMs: number): void {
    this.#media?.feed.onFrame(frame, nowMs);
  }

  onAudio(frame: StoredFrame): void {
    if (!this.#media?.audio || !this.#destination || this.#media.budget.givenUp !== undefined) return;
    // Old sound is worth nothing to a viewer who cannot even take what is there.
    if (this.#destination.tcp && !this.#destination.socket.writable) return;
    this.stream.statistics.sent(1, this.#media.audio.send(frame, this.#destination));
  }

  onInterrupt(): void {
    this.#media?.feed.interrupt();
  }

  onReady(rendition: Rendition): void {
    this.#quality.onReady(rendition, this.#media?.feed, this.#deps.clock());
  }

  onEnd(reason: 'stream-removed'): void {
    this.#end(reason, 'the stream was removed');
  }

  /** About ten times a second. */
  tick(nowMs: number): void {
    this.#quality.steer(this.#media?.feed, this.#media ? pathFacts(this.#media, nowMs) : unknownPath, nowMs);
    if (this.#media === undefined) {
      if (nowMs - this.#createdMs > CONNECT_WITHIN_MS)
        this.#end('never-connected', 'no media path within 15 s');
      return;
    }
    if (nowMs - this.#lastHeardMs > SILENCE_MS) {
      this.#end('silent', 'nothing heard for 30 s');
      return;
    }
    if (nowMs < this.#nextReportMs) return;
    this.#nextReportMs = nowMs + SENDER_REPORT_MS;
    const { bitrateBps } = this.#quality.playing;
    this.#media.feed.setStreamBitrate(bitrateBps);
    this.#media.resender.tick(bitrateBps, nowMs);
    if (this.#media.budget.givenUp === undefined) this.#sendReports(this.#media, nowMs);
  }

  /** RTP timestamps of the newest `frames` frames sent, with their arrival at the relay. */
  clock(frames: number): SessionClock {
    return { relayMs: this.#deps.clock(), frames: this.#media?.feed.sent.newest(frames) ?? [] };
  }

  /** Takes the wish, and says what became of it. An empty one asks. */
  quality(wish: QualityWish): SessionQuality {
    return this.#quality.wish(wish, this.#media?.feed, this.#deps.clock());
  }

  close(reason: SessionEnd): void {
    this.#end(reason, '');
  }

  /** Something authentic came from the viewer. */
  #heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    if (this.#media?.budget.heard(nowMs)) this.#media.feed.resume(nowMs);
  }

  #connected(profile: SrtpProfileName, keyingMaterial: Uint8Array): void {
    const { deps, nowMs } = { deps: this.#deps, nowMs: this.#deps.clock() };
    const { server, client } = splitKeyingMaterial(keyingMaterial, profile);
    const cipher = deps.srtp.create(
      profile,
      deriveSessionKeys(server, profile),
      deriveSessionKeys(client, profile),
    );
    const { video, audio } = this.#negotiation;
    const { rtxPayloadType, transportCcId } = video;
    // Without RTX a packet's own sequence number is its transport-wide one too.
    const sequence = rtxPayloadType === undefined ? undefined : { next: 0 };
    const transportCc = transportCcId === undefined ? undefined : { id: transportCcId, sequence };
    const sender = (
      ssrc: number,
      payloadType: number,
      extensions: { playoutDelayId?: number | undefined; transportCc?: TransportCc | undefined },
    ): RtpSender =>
      new RtpSender({
        ssrc,
        payloadType,
        firstSeq: randomInt(0x8000),
        cipher,
        egress: deps.egress,
        ...extensions,
      });
    const { videoStore: store, bitrateBps } = this.#quality.playing;
    if (store === undefined) {
      cipher.close();
      this.#end('closed-by-relay', 'the stream has no video');
      return;
    }
    const { playoutDelayId } = video;
    const videoSender = sender(this.ssrcs.video, video.payloadType, { playoutDelayId, transportCc });
    const budget = new ViewerBudget(nowMs);
    let echoMs = Number.POSITIVE_INFINITY;
    const estimate: PathEstimate = new PathEstimate({
      nowMs,
      transportCc: transportCc !== undefined,
      unpaced: deps.unpaced,
      onFirstFlight: () => this.#sendEcho((roundTripMs) => estimate.firstFlightDelayed(roundTripMs - echoMs)),
    });
    const feed = new VideoFeed({
      store,
      sender: videoSender,
      destination: () => this.#destination,
      pacer: deps.pacer,
      burstBudget: deps.burstBudget,
      statistics: this.stream.statistics,
      estimate,
      budget,
      firstTimestamp: randomBytes(4).readUInt32BE(),
      nowMs,
    });
    const resender = new Resender({
      sent: feed.sent,
      video: videoSender,
      rtx: rtxPayloadType === undefined ? undefined : sender(this.ssrcs.rtx, rtxPayloadType, { transportCc }),
      payload: deps.payload,
      statistics: this.stream.statistics,
      estimate,
      nowMs,
    });
    const { audioStore } = this.stream;
    const audioFeed =
      audio && audioStore
        ? new AudioFeed(
            sender(this.ssrcs.audio, audio.payloadType, {}),
            audioStore,
            audio.clockRate,
            randomBytes(4).readUInt32BE(),
          )
        : undefined;
    this.#media = { cipher, video: videoSender, feed, budget, estimate, resender, audio: audioFeed };
    this.#media.feed.setStreamBitrate(bitrateBps);
    this.#sendEcho((roundTripMs) => (echoMs = roundTripMs));
    this.#media.feed.start(nowMs);
    this.#wasConnected = true;
    deps.onConnected(this);
  }

  #sendEcho(answer: (roundTripMs: number) => void): void {
    if (!this.#destination) return;
    const request = this.#echo.request(this.#deps.clock(), answer);
    this.#deps.egress.sendDatagram(this.#destination, request);
  }

  #handleRtcp(media: Media, packet: RtcpPacket, nowMs: number): void {
    switch (packet.type) {
      case 'rr':
      case 'sr':
        for (const report of packet.reports) {
          if (report.ssrc !== this.ssrcs.video) continue;
          const roundTripMs = this.#reports.received(report, nowMs);
          media.estimate.receiverReport(report.fractionLost, roundTripMs, nowMs);
        }
        return;
      case 'nack':
        if (packet.mediaSsrc === this.ssrcs.video) this.#answerNack(media, packet.sequences, nowMs);
        return;
      case 'pli':
        if (packet.mediaSsrc === this.ssrcs.video) media.feed.resync(nowMs);
        return;
      case 'fir':
        if (packet.requests.some(({ ssrc }) => ssrc === this.ssrcs.video)) media.feed.resync(nowMs);
        return;
      case 'transport-cc':
        this.#readFeedback(media, packet, nowMs);
        return;
      case 'remb':
        media.estimate.remb(packet.bitrateBps, nowMs);
        return;
      case 'sdes':
      case 'bye':
      case 'other':
    }
  }

  #readFeedback(media: Media, feedback: TransportFeedback, nowMs: number): void {
    const destination = this.#destination;
    media.estimate.feedback(feedback, nowMs, (seq, sentMs) => {
      if (destination) media.resender.resendLost(seq, sentMs, destination, this.roundTripMs, nowMs);
    });
  }

  #answerNack(media: Media, sequences: readonly number[], nowMs: number): void {
    if (!this.#destination) return;
    media.estimate.nack(sequences.length, nowMs);
    const isInHistory = media.resender.resend(sequences, this.#destination, this.roundTripMs, nowMs);
    if (!isInHistory) media.feed.resync(nowMs);
  }

  /** The wall clock is the camera's own where it tells it, so that recordings of several cameras can be lined up. */
  #sendReports(media: Media, nowMs: number): void {
    const videoAheadMs = cameraAheadMs(this.#quality.playing.videoStore?.newest);
    const videoTimestamp = media.feed.rtpTimestampAt(nowMs);
    if (videoTimestamp !== undefined) {
      const unixMs = nowMs + (videoAheadMs ?? 0);
      this.#reports.sent(unixMs, nowMs);
      this.#sendReport(media, media.video, videoTimestamp, unixMs);
    }
    const audioTimestamp = media.audio?.rtpTimestampAt(nowMs);
    if (media.audio && audioTimestamp !== undefined) {
      // One clock for both: a browser lines sound and picture up by it.
      const audioAheadMs = cameraAheadMs(this.stream.audioStore?.newest);
      const isBoth = videoAheadMs !== undefined && audioAheadMs !== undefined;
      const unixMs = nowMs + (isBoth ? audioAheadMs : (videoAheadMs ?? 0));
      this.#sendReport(media, media.audio.sender, audioTimestamp, unixMs);
    }
  }

  #sendReport(media: Media, sender: RtpSender, rtpTimestamp: number, unixMs: number): void {
    if (!this.#destination) return;
    const { egress } = this.#deps;
    const report = {
      ssrc: sender.ssrc,
      unixMs,
      rtpTimestamp,
      packets: sender.packets >>> 0,
      octets: sender.octets >>> 0,
    };
    const length = writeSenderReport(egress.buffer.bytes, 0, report, CNAME);
    egress.send(this.#destination, media.cipher.sealRtcp(0, length), 1500);
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
    this.#media?.feed.close();
    this.#media?.cipher.close();
    this.#media = undefined;
    this.#deps.onEnd(this, reason, detail);
  }
}

function pathFacts({ estimate, feed }: Media, nowMs: number): PathFacts {
  const { capacityBps, lossShare, queueDelayMs } = estimate;
  return { capacityBps, lossShare, queueDelayMs, waitingMs: feed.waitingMs(nowMs) };
}

function transportOf(destination: Destination | undefined): ViewerTransport | undefined {
  if (destination === undefined) return undefined;
  return destination.tcp === undefined ? 'udp' : 'tcp';
}

/** How far the camera's wall clock was ahead of ours when this frame arrived, its way included; undefined: unknown. */
function cameraAheadMs(frame: StoredFrame | undefined): number | undefined {
  return frame?.captureMs === undefined ? undefined : frame.captureMs - frame.arrivalMs;
}
