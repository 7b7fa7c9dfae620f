import type { AccessUnit } from '../media/access-unit.ts';
import type { Clock } from '../media/clock.ts';
import { toUnixMs } from '../media/clock.ts';
import { sameFacts, spropParameterSets } from '../media/h264.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import type { Track } from '../media/track.ts';
import { RtpClock } from './clock.ts';
import { copyBytes } from './copy-bytes.ts';
import { H264Depacketiser } from './depacketise-h264.ts';
import type { Picture } from './depacketise-h264.ts';
import { RtpPacket } from './packet.ts';
import { ParameterSets } from './parameter-sets.ts';
import { Reception } from './reception.ts';
import { ReorderBuffer } from './reorder.ts';
import { parseRtcp, writeReceiverReport } from './rtcp.ts';
import type { ReportBlock, SenderReport } from './rtcp.ts';
import { maxMisorder, sequenceSteps } from './sequence.ts';

export interface TrackReceiverOptions {
  readonly track: Track;
  /** `sprop-parameter-sets` of the SDP. */
  readonly sprop?: string | undefined;
  readonly transport: 'tcp' | 'udp';
  readonly clock: Clock;
  /** Borrowed: see AccessUnit. */
  readonly onAccessUnit: (unit: AccessUnit) => void;
  /** The facts of the track became known or changed; called before the access unit that changed them. */
  readonly onTrack: (track: Track) => void;
  readonly localSsrc: number;
}

/** What one track received since the last call; the part of a source's ReceiveReport that RTP knows. */
export interface TrackReport {
  readonly packets: number;
  readonly bytes: number;
  /** Packets that never came, net of those that came after they had been given up. */
  readonly lost: number;
  readonly reordered: number;
  /** Pictures handed on with a hole, or thrown away because of one. */
  readonly broken: number;
  /** RFC 3550 A.8; undefined before the first packet. */
  readonly jitterSeconds: number | undefined;
}

/** Over UDP a packet may come 64 places or 100 ms late. */
const reorderPackets = 64;
const reorderWaitMs = 100;
/** Over UDP another SSRC may take over when the one that we follow was silent for this long, or said goodbye. */
const relockAfterMs = 2000;

/**
 * Everything between the RTP and RTCP packets of one track and its access units. Makes no object per video packet and
 * never throws for what the network brings: garbage is counted.
 */
export class TrackReceiver {
  readonly #options: TrackReceiverOptions;
  readonly #packet = new RtpPacket();
  readonly #reorder: ReorderBuffer;
  readonly #clock: RtpClock;
  readonly #parameterSets = new ParameterSets();
  readonly #depacketiser: H264Depacketiser | undefined;
  readonly #cname: string;
  #track: Track;

  /** -1: none yet. */
  #ssrc = -1;
  #lastArrivalMs = 0;
  #saidGoodbye = false;
  /** The first packet of an SSRC that is not ours yet; it becomes ours with the second. */
  readonly #candidate = { ssrc: -1, sequence: 0, bytes: new Uint8Array(0), length: 0, arrivalMs: 0 };
  #senderReport: SenderReport | undefined;
  #senderReportArrivalMs = 0;

  readonly #reception = new Reception();

  // Since the last takeReport.
  #packets = 0;
  #bytes = 0;
  #takenLost = 0;
  #takenReordered = 0;
  #takenBroken = 0;

  /** Packets that were neither RTP nor RTCP, or whose payload made no sense. */
  #malformed = 0;
  /** Packets of an unexpected SSRC. */
  strangers = 0;

  constructor(options: TrackReceiverOptions) {
    this.#options = options;
    this.#track = options.track;
    this.#clock = new RtpClock(options.track.clockRate);
    this.#cname = `sightline-${options.localSsrc.toString(16)}`;
    this.#reorder = new ReorderBuffer({
      deliver: (buffer, start, end, arrivalMs, missing, restart) =>
        this.#deliver(buffer, start, end, arrivalMs, missing, restart),
      maxPackets: options.transport === 'udp' ? reorderPackets : 0,
      maxWaitMs: reorderWaitMs,
    });
    if (options.track.codec === 'h264') {
      this.#depacketiser = new H264Depacketiser(this.#parameterSets, (picture) => this.#picture(picture));
      this.#rememberSprop(options.sprop ?? '');
      this.#track = this.#withFacts();
    }
  }

  /** As known so far; with the facts of `sprop`, if there were any, from the start. `onTrack` tells of changes. */
  get track(): Track {
    return this.#track;
  }

  get hasSenderReports(): boolean {
    return this.#senderReport !== undefined;
  }

  get malformed(): number {
    return this.#malformed + (this.#depacketiser?.malformed ?? 0) + (this.#depacketiser?.unsupported ?? 0);
  }

  /** One RTP packet: buffer[start..end), borrowed. */
  packet(buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    const packet = this.#packet;
    if (!packet.parse(buffer, start, end)) {
      this.#malformed += 1;
      return;
    }
    if (packet.ssrc === this.#ssrc) {
      // Whoever else sent one packet did not take over.
      this.#candidate.ssrc = -1;
      this.#accept(buffer, start, end, arrivalMs);
    } else if (this.#mayRelock(arrivalMs)) {
      this.#probe(buffer, start, end, arrivalMs);
    } else {
      this.strangers += 1;
    }
  }

  /** One compound RTCP packet: buffer[start..end), borrowed. */
  rtcp(buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    try {
      for (const packet of parseRtcp(buffer, start, end)) {
        if (packet.type === 'sr' && (this.#ssrc === -1 || packet.ssrc === this.#ssrc)) {
          this.#senderReport = packet;
          this.#senderReportArrivalMs = arrivalMs;
          this.#useSenderReport();
        } else if (packet.type === 'bye' && packet.ssrcs.includes(this.#ssrc)) {
          this.#saidGoodbye = true;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#malformed += 1;
    }
  }

  /** RR + SDES (RFC 3550 6.4.2, A.3), with one report block once packets came. */
  receiverReport(nowMs: number = this.#options.clock()): Uint8Array {
    const blocks: ReportBlock[] = [];
    if (this.#ssrc !== -1) {
      blocks.push(
        this.#reception.report(
          this.#ssrc,
          this.#reorder.lost - this.#reorder.late,
          this.#clock.jitterTicks,
          this.#senderReport,
          nowMs - this.#senderReportArrivalMs,
        ),
      );
    }
    const report = new Uint8Array(64 + 24 * blocks.length);
    return report.subarray(0, writeReceiverReport(report, 0, this.#options.localSsrc, blocks, this.#cname));
  }

  /** What was received since the last call. */
  takeReport(): TrackReport {
    const lost = Math.max(this.#takenLost, this.#reorder.lost - this.#reorder.late);
    const broken = this.#depacketiser?.broken ?? 0;
    const report = {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: lost - this.#takenLost,
      reordered: this.#reorder.reordered - this.#takenReordered,
      broken: broken - this.#takenBroken,
      jitterSeconds: this.#ssrc === -1 ? undefined : this.#clock.jitterSeconds,
    };
    this.#packets = 0;
    this.#bytes = 0;
    this.#takenLost = lost;
    this.#takenReordered = this.#reorder.reordered;
    this.#takenBroken = broken;
    return report;
  }

  /** Gives up waiting for what is overdue; call it every 20 to 100 ms. */
  flushAged(nowMs: number = this.#options.clock()): void {
    this.#reorder.flushAged(nowMs);
    this.#depacketiser?.flushQuiet(nowMs);
  }

  /** Another connection begins; parameter sets and counters stay. */
  reset(): void {
    this.#follow(-1);
    this.#candidate.ssrc = -1;
    this.#senderReport = undefined;
  }

  #accept(buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    this.#lastArrivalMs = arrivalMs;
    this.#saidGoodbye = false;
    this.#packets += 1;
    this.#bytes += end - start;
    this.#clock.arrived(this.#packet.timestamp, arrivalMs);
    this.#reorder.push(this.#packet.sequence, buffer, start, end, arrivalMs);
  }

  /** A TCP connection has one sender, so another SSRC is that sender begun anew; over UDP anybody may have sent it. */
  #mayRelock(arrivalMs: number): boolean {
    return (
      this.#ssrc === -1 ||
      this.#options.transport === 'tcp' ||
      this.#saidGoodbye ||
      arrivalMs - this.#lastArrivalMs > relockAfterMs
    );
  }

  /** Two packets of one SSRC with near sequence numbers (RFC 3550 A.1) make it ours; the first is not lost. */
  #probe(buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    const { ssrc, sequence } = this.#packet;
    const candidate = this.#candidate;
    const steps = candidate.ssrc === ssrc ? sequenceSteps(candidate.sequence, sequence) : 0;
    if (steps === 0 || Math.abs(steps) > maxMisorder) {
      candidate.ssrc = ssrc;
      candidate.sequence = sequence;
      candidate.length = end - start;
      candidate.arrivalMs = arrivalMs;
      if (candidate.bytes.length < candidate.length) candidate.bytes = new Uint8Array(candidate.length);
      copyBytes(buffer, start, end, candidate.bytes, 0);
      return;
    }
    this.#follow(ssrc);
    candidate.ssrc = -1;
    if (steps < 0) this.#accept(buffer, start, end, arrivalMs);
    this.#packet.parse(candidate.bytes, 0, candidate.length);
    this.#accept(candidate.bytes, 0, candidate.length, candidate.arrivalMs);
    if (steps > 0) {
      this.#packet.parse(buffer, start, end);
      this.#accept(buffer, start, end, arrivalMs);
    }
  }

  #follow(ssrc: number): void {
    const amidStream = this.#ssrc !== -1 && ssrc !== -1;
    this.#ssrc = ssrc;
    this.#saidGoodbye = false;
    this.#reorder.reset();
    this.#depacketiser?.reset(amidStream);
    this.#clock.reset();
    this.#reception.begin(this.#reorder.lost - this.#reorder.late);
    if (this.#senderReport !== undefined && this.#senderReport.ssrc !== ssrc) this.#senderReport = undefined;
    this.#useSenderReport();
  }

  #useSenderReport(): void {
    const report = this.#senderReport;
    if (report === undefined) return;
    this.#clock.senderReport(
      report.ntpSeconds,
      report.ntpFraction,
      report.rtpTimestamp,
      toUnixMs(this.#senderReportArrivalMs, this.#options.clock),
    );
  }

  /** In sending order. */
  #deliver(
    buffer: Uint8Array,
    start: number,
    end: number,
    arrivalMs: number,
    missing: number,
    restart: boolean,
  ): void {
    const packet = this.#packet;
    packet.parse(buffer, start, end);
    if (restart) {
      // Its timestamps began anew as well, so the last sender report maps nothing any more.
      this.#clock.reset();
      this.#senderReport = undefined;
    }
    this.#reception.delivered(packet.sequence, missing, restart);
    if (this.#depacketiser !== undefined) {
      this.#depacketiser.packet(
        buffer,
        packet.payloadStart,
        packet.payloadEnd,
        packet.timestamp,
        packet.marker,
        arrivalMs,
        missing > 0 || restart,
      );
    } else if (this.#track.codec !== 'unsupported') {
      this.#audioFrame(buffer, arrivalMs);
    }
  }

  #audioFrame(buffer: Uint8Array, arrivalMs: number): void {
    const { payloadStart, payloadEnd, timestamp } = this.#packet;
    if (payloadStart === payloadEnd) return;
    const ticks = this.#clock.ticks(timestamp);
    this.#options.onAccessUnit({
      track: this.#track,
      ticks,
      arrivalMs,
      captureMs: this.#clock.captureMs(ticks),
      isKey: true,
      isBroken: false,
      data: buffer.subarray(payloadStart, payloadEnd),
      unitEnds: [payloadEnd - payloadStart],
    });
  }

  #picture(picture: Picture): void {
    const track = this.#withFacts();
    if (track !== this.#track) {
      this.#track = track;
      this.#options.onTrack(track);
    }
    const ticks = this.#clock.ticks(picture.timestamp);
    this.#options.onAccessUnit({
      track,
      ticks,
      arrivalMs: picture.arrivalMs,
      captureMs: this.#clock.captureMs(ticks),
      isKey: picture.isKey,
      isBroken: picture.isBroken,
      data: picture.data,
      unitEnds: picture.unitEnds,
    });
  }

  /** The track with the facts of the newest SPS: the same object while they are the same. */
  #withFacts(): Track {
    const track = this.#track;
    const { facts } = this.#parameterSets;
    if (track.kind !== 'video' || facts === undefined || facts === track.h264) return track;
    return sameFacts(track.h264, facts) ? track : { ...track, h264: facts };
  }

  #rememberSprop(sprop: string): void {
    try {
      const { sps, pps } = spropParameterSets(sprop);
      for (const nal of [...sps, ...pps]) this.#parameterSets.remember(nal);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#malformed += 1; // the stream brings its own, or shows nothing
    }
  }
}
