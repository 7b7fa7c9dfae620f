/**
 * One viewer: ICE, DTLS and RTCP around a video feed and an audio feed. It is made by an accepted offer and ends by
 * itself (silence, a failed handshake, close_notify) or by `close`; either way everything it holds is freed at once.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { SessionClock, SessionEnd } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import type { Arena, Block } from '../native/arena.ts';
import { parseRtcp, writeSenderReport, type ReportBlock, type RtcpPacket } from '../rtp/rtcp.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import type { Stream, StreamReader } from '../stream/stream.ts';
import type { Destination, UdpEgress } from './egress.ts';
import type { Dtls, DtlsFactory } from './dtls.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { IceLite } from './ice-lite.ts';
import type { PortClient } from './media-port.ts';
import type { Negotiation } from './negotiation.ts';
import { TokenBucket, type Pacer } from './pacer.ts';
import { RtpSender } from './rtp-sender.ts';
import type { SrtpCipher, SrtpCipherFactory, SrtpProfileName } from './srtp.ts';
import { deriveSessionKeys, splitKeyingMaterial } from './srtp-keys.ts';
import { VideoFeed } from './video-feed.ts';

/** Nothing authentic from the viewer for this long: it is gone (RFC 7675). */
const SILENCE_MS = 30_000;
/** From the answer to keys. */
const CONNECT_WITHIN_MS = 15_000;
const SENDER_REPORT_MS = 1000;
/** Resends take at most this share of the stream's rate, so that a bad path is not made worse. */
const RESEND_SHARE = 0.3;
/** A stream whose rate is not known yet. */
const MIN_RESEND_BPS = 300_000;
/** Resends of one packet are at least this far apart when the round trip is unknown or shorter. */
const MIN_RESEND_INTERVAL_MS = 10;

/** RFC 7022 wants it unique per endpoint; one session is one RTP endpoint to its viewer. */
export const CNAME = 'sightline';

export interface SessionDeps {
  readonly arena: Arena;
  readonly clock: Clock;
  readonly egress: UdpEgress;
  readonly dtls: DtlsFactory;
  readonly srtp: SrtpCipherFactory;
  readonly pacer: Pacer;
  readonly burstBudget: TokenBucket;
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
  readonly rtx: RtpSender | undefined;
  readonly audio: RtpSender | undefined;
  readonly feed: VideoFeed;
  readonly audioFirstTimestamp: number;
  audioOffset: number | undefined;
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
  #dtlsTimer: NodeJS.Timeout | undefined;
  /** Where media goes: the first proven address, then whichever the viewer nominates. */
  #destination: Destination | undefined;
  #dtlsDestination: Destination | undefined;
  #media: Media | undefined;
  #lastHeardMs: number;
  #nextReportMs = 0;
  #roundTripMs: number | undefined;
  readonly #resentAt = new Map<number, number>();
  readonly #resendBudget: TokenBucket;
  #wasConnected = false;
  #ended = false;

  constructor(
    deps: SessionDeps,
    id: string,
    stream: Stream,
    negotiation: Negotiation,
    credentials: IceCredentials,
    ssrcs: SessionSsrcs,
  ) {
    this.#deps = deps;
    this.id = id;
    this.stream = stream;
    this.#negotiation = negotiation;
    this.localUfrag = credentials.ufrag;
    this.#ice = new IceLite({ local: credentials, remoteUfrag: negotiation.remote.iceUfrag });
    this.ssrcs = ssrcs;
    this.#createdMs = deps.clock();
    this.#lastHeardMs = this.#createdMs;
    this.#resendBudget = new TokenBucket(MIN_RESEND_BPS, MIN_RESEND_BPS / 8, this.#createdMs);
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
    return this.#roundTripMs;
  }

  onStun(datagram: Uint8Array, from: Destination, nowMs: number): boolean {
    if (this.#ended) return false;
    const result = this.#ice.handle(datagram, { address: from.address, port: from.port }, nowMs);
    if (result.response) this.#deps.egress.sendDatagram(from, result.response);
    if (!result.valid) return false;
    this.#lastHeardMs = nowMs;
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
    this.#lastHeardMs = nowMs;
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
    const media = this.#media;
    const store = this.stream.audioStore;
    if (!media?.audio || !store || !this.#destination) return;
    media.audioOffset ??= -frame.ticks;
    const timestamp = (media.audioFirstTimestamp + frame.ticks + media.audioOffset) >>> 0;
    const bytes = media.audio.sendPackets(this.#destination, store.memory, frame, 0, 1, timestamp, false);
    this.stream.statistics.sent(1, bytes);
  }

  onInterrupt(): void {
    this.#media?.feed.interrupt();
  }

  onEnd(reason: 'stream-removed'): void {
    this.#end(reason, 'the stream was removed');
  }

  /** About ten times a second. */
  tick(nowMs: number): void {
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
    this.#media.feed.setStreamBitrate(this.stream.bitrateBps);
    const resendBps = Math.max(MIN_RESEND_BPS, this.stream.bitrateBps * RESEND_SHARE);
    this.#resendBudget.setRate(resendBps, resendBps / 8);
    this.#sendReports(this.#media, nowMs);
    for (const [seq, atMs] of this.#resentAt) if (nowMs - atMs > 1000) this.#resentAt.delete(seq);
  }

  /** RTP timestamps of the newest `frames` frames sent, with their arrival at the relay. */
  clock(frames: number): SessionClock {
    return { relayMs: this.#deps.clock(), frames: this.#media?.feed.sent.newest(frames) ?? [] };
  }

  close(reason: SessionEnd): void {
    this.#end(reason, '');
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
    const sender = (ssrc: number, payloadType: number, playoutDelayId: number | undefined): RtpSender =>
      new RtpSender({
        ssrc,
        payloadType,
        firstSeq: randomInt(0x8000),
        cipher,
        egress: deps.egress,
        playoutDelayId,
      });
    const store = this.stream.videoStore;
    if (store === undefined) {
      cipher.close();
      this.#end('closed-by-relay', 'the stream has no video');
      return;
    }
    const videoSender = sender(this.ssrcs.video, video.payloadType, video.playoutDelayId);
    this.#media = {
      cipher,
      video: videoSender,
      rtx:
        video.rtxPayloadType === undefined
          ? undefined
          : sender(this.ssrcs.rtx, video.rtxPayloadType, undefined),
      audio: audio && sender(this.ssrcs.audio, audio.payloadType, undefined),
      feed: new VideoFeed({
        store,
        sender: videoSender,
        destination: () => this.#destination,
        pacer: deps.pacer,
        burstBudget: deps.burstBudget,
        statistics: this.stream.statistics,
        firstTimestamp: randomBytes(4).readUInt32BE(),
        nowMs,
      }),
      audioFirstTimestamp: randomBytes(4).readUInt32BE(),
      audioOffset: undefined,
    };
    this.#media.feed.setStreamBitrate(this.stream.bitrateBps);
    this.#media.feed.start(nowMs);
    this.#wasConnected = true;
    deps.onConnected(this);
  }

  #handleRtcp(media: Media, packet: RtcpPacket, nowMs: number): void {
    switch (packet.type) {
      case 'rr':
      case 'sr':
        for (const report of packet.reports)
          if (report.ssrc === this.ssrcs.video) this.#measureRoundTrip(report, nowMs);
        return;
      case 'nack':
        if (packet.mediaSsrc === this.ssrcs.video) this.#resend(media, packet.sequences, nowMs);
        return;
      case 'pli':
        if (packet.mediaSsrc === this.ssrcs.video) media.feed.resync(nowMs);
        return;
      case 'fir':
        if (packet.requests.some(({ ssrc }) => ssrc === this.ssrcs.video)) media.feed.resync(nowMs);
        return;
      case 'sdes':
      case 'bye':
      case 'remb':
      case 'other':
    }
  }

  /** RFC 3550 6.4.1: now - LSR - DLSR, in units of 1/65,536 s. */
  #measureRoundTrip(report: ReportBlock, nowMs: number): void {
    if (report.lastSr === 0) return;
    const units = (middleNtp(nowMs) - report.lastSr - report.delaySinceLastSr) | 0;
    if (units >= 0) this.#roundTripMs = (units / 65_536) * 1000;
  }

  #resend(media: Media, sequences: readonly number[], nowMs: number): void {
    const store = this.stream.videoStore;
    const destination = this.#destination;
    if (!store || !destination) return;
    const interval = Math.max(MIN_RESEND_INTERVAL_MS, this.#roundTripMs ?? 0);
    for (const seq of sequences) {
      const sent = media.feed.sent.find(seq, media.video.nextExtendedSeq);
      const frame = sent && store.frame(sent.frameNumber);
      if (!sent || !frame) {
        media.feed.resync(nowMs);
        return;
      }
      if (nowMs - (this.#resentAt.get(seq) ?? Number.NEGATIVE_INFINITY) < interval) continue;
      if (this.#resendBudget.credit(nowMs) <= 0) return;
      this.#resentAt.set(seq, nowMs);
      const bytes = media.rtx
        ? this.#resendByRtx(media.rtx, destination, store.memory, frame, sent.packet, sent.timestamp, seq)
        : media.video.resend(destination, store.memory, frame, sent);
      this.#resendBudget.take(bytes);
      this.stream.statistics.resent(bytes);
    }
  }

  /** RFC 4588 4: the original sequence number, then the original payload. */
  #resendByRtx(
    rtx: RtpSender,
    destination: Destination,
    memory: Block,
    frame: StoredFrame,
    packet: number,
    timestamp: number,
    seq: number,
  ): number {
    let from = frame.offset;
    for (let i = 0; i < packet; i++) from += frame.payloadLengths[i] ?? 0;
    const length = frame.payloadLengths[packet] ?? 0;
    const { payload } = this.#deps;
    payload.bytes[0] = seq >>> 8;
    payload.bytes[1] = seq;
    payload.bytes.set(memory.bytes.subarray(from, from + length), 2);
    return rtx.sendPayload(
      destination,
      payload,
      length + 2,
      timestamp,
      packet === frame.payloadLengths.length - 1,
    );
  }

  #sendReports(media: Media, nowMs: number): void {
    const timestamp = media.feed.rtpTimestampAt(nowMs);
    if (timestamp !== undefined) this.#sendReport(media, media.video, timestamp, nowMs);
    const newest = this.stream.audioStore?.newest;
    const rate = this.stream.audioTrack?.clockRate;
    if (media.audio && media.audioOffset !== undefined && newest && rate) {
      const ticks = newest.ticks + media.audioOffset + Math.round(((nowMs - newest.arrivalMs) / 1000) * rate);
      this.#sendReport(media, media.audio, (media.audioFirstTimestamp + ticks) >>> 0, nowMs);
    }
  }

  #sendReport(media: Media, sender: RtpSender, rtpTimestamp: number, nowMs: number): void {
    if (!this.#destination) return;
    const { egress } = this.#deps;
    const report = {
      ssrc: sender.ssrc,
      unixMs: nowMs,
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

/** The middle 32 bits of an NTP timestamp. */
function middleNtp(unixMs: number): number {
  return Math.floor((unixMs / 1000) * 65_536 + 2_208_988_800 * 65_536) % 0x1_0000_0000;
}
