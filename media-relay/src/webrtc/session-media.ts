/**
 * What one viewer's path carries once the handshake has given it keys: video, sound, resends and reports, and what the
 * viewer's RTCP asks of them. It knows where things go, not how the way was found.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { parseRtcp, writeSenderReport, type RtcpPacket } from '../rtp/rtcp.ts';
import type { TransportFeedback } from '../rtp/transport-cc.ts';
import type { Clock } from '../media/clock.ts';
import type { Block } from '../native/arena.ts';
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { ViewerPath, ViewerTransport } from '../stream/path-statistics.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Stream } from '../stream/stream.ts';
import { AudioFeed } from './audio-feed.ts';
import type { Destination, Egress } from './egress.ts';
import type { Negotiation } from './negotiation.ts';
import type { Pacer, TokenBucket } from './pacer.ts';
import { PathEstimate } from './path-estimate.ts';
import type { PathFacts } from './quality-policy.ts';
import { Resender } from './resender.ts';
import { RtpSender, type TransportCc } from './rtp-sender.ts';
import type { SrtpCipher } from './srtp.ts';
import { VideoFeed } from './video-feed.ts';
import { ViewerBudget } from './viewer-budget.ts';
import { ViewerReports } from './viewer-reports.ts';

const REPORT_MS = 1000;
/** RFC 7022 wants it unique per endpoint; one session is one RTP endpoint to its viewer. */
export const CNAME = 'sightline';

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

/** What all viewers of one engine share. */
export interface MediaDeps {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly pacer: Pacer;
  readonly burstBudget: TokenBucket;
  readonly unpaced: boolean;
  /** Scratch for one payload. */
  readonly payload: Block;
}

export interface SessionMediaOptions {
  readonly stream: Stream;
  /** Of what the viewer sees first. */
  readonly store: PacketStore;
  /** What the viewer sees now. */
  readonly playing: () => Rendition;
  readonly negotiation: Negotiation;
  readonly ssrcs: SessionSsrcs;
  /** Closed with this. */
  readonly cipher: SrtpCipher;
  readonly destination: () => Destination | undefined;
  /** Asks the viewer for an echo now; `answer` gets its round trip in ms, if one comes. */
  readonly echo: (answer: (roundTripMs: number) => void) => void;
}

interface SenderOptions {
  readonly playoutDelayId?: number | undefined;
  readonly transportCc?: TransportCc | undefined;
}

export class SessionMedia {
  readonly feed: VideoFeed;
  readonly #deps: MediaDeps;
  readonly #options: SessionMediaOptions;
  readonly #video: RtpSender;
  readonly #audio: AudioFeed | undefined;
  readonly #budget: ViewerBudget;
  readonly #estimate: PathEstimate;
  readonly #resender: Resender;
  readonly #reports = new ViewerReports();
  #nextReportMs = 0;

  constructor(deps: MediaDeps, options: SessionMediaOptions) {
    this.#deps = deps;
    this.#options = options;
    const { stream, store, negotiation, ssrcs, destination } = options;
    const { statistics } = stream;
    const { payloadType, rtxPayloadType, playoutDelayId, transportCcId } = negotiation.video;
    const nowMs = deps.clock();
    // Without RTX a packet's own sequence number is its transport-wide one too.
    const sequence = rtxPayloadType === undefined ? undefined : { next: 0 };
    const transportCc = transportCcId === undefined ? undefined : { id: transportCcId, sequence };
    this.#video = this.#sender(ssrcs.video, payloadType, { playoutDelayId, transportCc });
    this.#budget = new ViewerBudget(nowMs);
    this.#estimate = new PathEstimate({
      nowMs,
      transportCc: transportCc !== undefined,
      unpaced: deps.unpaced,
      echo: options.echo,
    });
    this.feed = new VideoFeed({
      store,
      sender: this.#video,
      destination,
      pacer: deps.pacer,
      burstBudget: deps.burstBudget,
      statistics,
      estimate: this.#estimate,
      budget: this.#budget,
      firstTimestamp: randomBytes(4).readUInt32BE(),
      nowMs,
    });
    this.#resender = new Resender({
      sent: this.feed.sent,
      video: this.#video,
      rtx:
        rtxPayloadType === undefined ? undefined : this.#sender(ssrcs.rtx, rtxPayloadType, { transportCc }),
      payload: deps.payload,
      statistics,
      estimate: this.#estimate,
      onResent: (bytes, atMs) => this.feed.leftBesides(bytes, atMs),
      nowMs,
    });
    this.#audio = this.#openAudio();
    this.feed.setStreamBitrate(options.playing().bitrateBps);
  }

  /** By the viewer's last report; by an echo before the first one, which comes a second later. */
  get roundTripMs(): number | undefined {
    return this.#reports.roundTripMs ?? this.#estimate.roundTripMs;
  }

  /** By the viewer's last report. */
  get path(): ViewerPath {
    const isLimited = this.#estimate.capacityBps !== undefined;
    return this.#reports.path(isLimited, transportOf(this.#options.destination()));
  }

  facts(nowMs: number): PathFacts {
    const { capacityBps, lossShare, queueDelayMs } = this.#estimate;
    return { capacityBps, lossShare, queueDelayMs, waitingMs: this.feed.waitingMs(nowMs) };
  }

  /** Something authentic came from the viewer. */
  heard(nowMs: number): void {
    if (this.#budget.heard(nowMs)) this.feed.resume(nowMs);
  }

  /** The destination is another one from now on. */
  pathChanged(): void {
    this.#estimate.pathChanged(this.#deps.clock());
    this.#reports.pathChanged();
  }

  onAudio(frame: StoredFrame): void {
    const destination = this.#options.destination();
    if (!this.#audio || !destination || this.#budget.givenUp !== undefined) return;
    // Old sound is worth nothing to a viewer who cannot even take what is there.
    if (destination.tcp && !destination.socket.writable) return;
    const bytes = this.#audio.send(frame, destination);
    if (bytes > 0) this.#options.stream.statistics.sent(1, bytes);
  }

  /** Opens SRTCP and returns what is in it; undefined when it is not authentic. Never throws. */
  open(datagram: Uint8Array): readonly RtcpPacket[] | undefined {
    const plain = this.#options.cipher.openRtcp(datagram);
    if (plain === undefined) return undefined;
    try {
      return parseRtcp(plain, 0, plain.length);
    } catch {
      return []; // authentic, but not RTCP as we know it
    }
  }

  onRtcp(packet: RtcpPacket, nowMs: number): void {
    const { video } = this.#options.ssrcs;
    switch (packet.type) {
      case 'rr':
      case 'sr':
        for (const report of packet.reports) {
          if (report.ssrc !== video) continue;
          const roundTripMs = this.#reports.received(report, nowMs);
          this.#estimate.receiverReport(report.fractionLost, roundTripMs, nowMs);
        }
        return;
      case 'nack':
        if (packet.mediaSsrc === video) this.#answerNack(packet.sequences, nowMs);
        return;
      case 'pli':
        if (packet.mediaSsrc === video) this.feed.resync(nowMs);
        return;
      case 'fir':
        if (packet.requests.some(({ ssrc }) => ssrc === video)) this.feed.resync(nowMs);
        return;
      case 'transport-cc':
        this.#readFeedback(packet, nowMs);
        return;
      case 'remb':
        this.#estimate.remb(packet.bitrateBps, nowMs);
        return;
      case 'sdes':
      case 'bye':
      case 'other':
    }
  }

  /** About ten times a second. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextReportMs) return;
    this.#nextReportMs = nowMs + REPORT_MS;
    const { bitrateBps } = this.#options.playing();
    this.feed.setStreamBitrate(bitrateBps);
    this.#resender.tick(bitrateBps, this.roundTripMs, nowMs);
    if (this.#budget.givenUp === undefined) this.#sendReports(nowMs);
  }

  close(): void {
    this.feed.close();
    this.#options.cipher.close();
  }

  #sender(ssrc: number, payloadType: number, extensions: SenderOptions = {}): RtpSender {
    const { cipher } = this.#options;
    const { egress } = this.#deps;
    return new RtpSender({ ssrc, payloadType, firstSeq: randomInt(0x8000), cipher, egress, ...extensions });
  }

  #openAudio(): AudioFeed | undefined {
    const { negotiation, ssrcs, stream } = this.#options;
    const { audio } = negotiation;
    if (audio === undefined) return undefined;
    const sender = this.#sender(ssrcs.audio, audio.payloadType);
    return new AudioFeed(sender, stream, audio, randomBytes(4).readUInt32BE());
  }

  #readFeedback(feedback: TransportFeedback, nowMs: number): void {
    const destination = this.#options.destination();
    this.#estimate.feedback(feedback, nowMs, (seq, sentMs) => {
      if (destination) this.#resender.resendLost(seq, sentMs, destination, this.roundTripMs, nowMs);
    });
  }

  #answerNack(sequences: readonly number[], nowMs: number): void {
    const destination = this.#options.destination();
    if (!destination) return;
    this.#estimate.nack(this.#resender.countNew(sequences, this.roundTripMs, nowMs), nowMs);
    const isInHistory = this.#resender.resend(sequences, destination, this.roundTripMs, nowMs);
    if (!isInHistory) this.feed.resync(nowMs);
  }

  /** The wall clock is the camera's own where it tells it, so that recordings of several cameras can be lined up. */
  #sendReports(nowMs: number): void {
    const videoAheadMs = cameraAheadMs(this.#options.playing().videoStore?.newest);
    const videoTimestamp = this.feed.rtpTimestampAt(nowMs);
    if (videoTimestamp !== undefined) {
      const unixMs = nowMs + (videoAheadMs ?? 0);
      this.#reports.sent(unixMs, nowMs);
      this.#sendReport(this.#video, videoTimestamp, unixMs);
    }
    const audioTimestamp = this.#audio?.rtpTimestampAt(nowMs);
    if (this.#audio && audioTimestamp !== undefined) {
      // One clock for both: a browser lines sound and picture up by it.
      const audioAheadMs = cameraAheadMs(this.#options.stream.audioStore?.newest);
      const isBoth = videoAheadMs !== undefined && audioAheadMs !== undefined;
      const unixMs = nowMs + (isBoth ? audioAheadMs : (videoAheadMs ?? 0));
      this.#sendReport(this.#audio.sender, audioTimestamp, unixMs);
    }
  }

  #sendReport({ ssrc, packets, octets }: RtpSender, rtpTimestamp: number, unixMs: number): void {
    const destination = this.#options.destination();
    if (!destination) return;
    const { egress } = this.#deps;
    const report = { ssrc, unixMs, rtpTimestamp, packets: packets >>> 0, octets: octets >>> 0 };
    const length = writeSenderReport(egress.buffer.bytes, 0, report, CNAME);
    egress.send(destination, this.#options.cipher.sealRtcp(0, length), 1500);
  }
}

function transportOf(destination: Destination | undefined): ViewerTransport | undefined {
  if (destination === undefined) return undefined;
  return destination.tcp === undefined ? 'udp' : 'tcp';
}

/** How far the camera's wall clock was ahead of ours when this frame arrived, its way included; undefined: unknown. */
function cameraAheadMs(frame: StoredFrame | undefined): number | undefined {
  return frame?.captureMs === undefined ? undefined : frame.captureMs - frame.arrivalMs;
}
