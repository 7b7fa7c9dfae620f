// RTCP: RFC 3550 6 (SR, RR, SDES, BYE), RFC 4585 6.1-6.3 (generic NACK, PLI), RFC 5104 4.3.1 (FIR),
// draft-alvestrand-rmcat-remb-03 (REMB), transport-wide feedback in transport-cc.ts. Reduced-size compound packets
// (RFC 5506) are accepted. Not implemented: profile-specific extensions of SR and RR, SDES items other than CNAME, APP,
// XR, SLI, RPSI; they parse as 'other' or are stepped over.

import { ProtocolError } from '../media/protocol-error.ts';
import { unixMsToNtp } from './clock.ts';
import { byteAt, uint32At } from './packet.ts';
import { parseTransportFeedback, type TransportFeedback } from './transport-cc.ts';

export type RtcpPacket =
  | SenderReport
  | { readonly type: 'rr'; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | { readonly type: 'sdes'; readonly chunks: readonly SdesChunk[] }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  | ({ readonly type: 'nack'; readonly sequences: readonly number[] } & Feedback)
  | ({ readonly type: 'pli' } & Feedback)
  | {
      readonly type: 'fir';
      readonly senderSsrc: number;
      readonly requests: readonly { readonly ssrc: number; readonly sequence: number }[];
    }
  | {
      readonly type: 'remb';
      readonly senderSsrc: number;
      readonly bitrateBps: number;
      readonly ssrcs: readonly number[];
    }
  | ({ readonly type: 'transport-cc' } & TransportFeedback)
  | { readonly type: 'other'; readonly packetType: number; readonly format: number };

interface Feedback {
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
}

export interface SenderReport {
  readonly type: 'sr';
  readonly ssrc: number;
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
  readonly reports: readonly ReportBlock[];
}

/** RFC 3550 6.4.1 */
export interface ReportBlock {
  readonly ssrc: number;
  /** 0 to 255, in 256ths. */
  readonly fractionLost: number;
  /** Signed, 24 bits: duplicates can make it negative. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In ticks of the stream's clock. */
  readonly jitterTicks: number;
  /** Middle 32 bits of the NTP timestamp of the last SR, 0 when there was none. */
  readonly lastSr: number;
  /** Units of 1/65,536 s. */
  readonly delaySinceLastSr: number;
}

export interface SdesChunk {
  readonly ssrc: number;
  readonly cname: string | undefined;
}

const packetType = { sr: 200, rr: 201, sdes: 202, bye: 203, rtpFeedback: 205, payloadFeedback: 206 } as const;
const feedbackFormat = { nack: 1, pli: 1, fir: 4, application: 15, transportCc: 15 } as const;
const sdesCname = 1;
const reportBlockBytes = 24;
/** Entries in one NACK; 17 sequence numbers each. Nobody asks for more at once, and the answer is bounded by it. */
const maxNackEntries = 1024;

/** RFC 5761 4: tells RTCP from RTP on one port. */
export function looksLikeRtcp(buffer: Uint8Array, start: number, end: number): boolean {
  const type = byteAt(buffer, start + 1);
  return end - start >= 8 && byteAt(buffer, start) >> 6 === 2 && type >= 192 && type <= 223;
}

/** The packets of one compound packet, in order. Throws ProtocolError: one bad length spoils the whole. */
export function parseRtcp(buffer: Uint8Array, start: number, end: number): RtcpPacket[] {
  if (start < 0 || end > buffer.length || end - start < 4) {
    throw new ProtocolError('RTCP_TRUNCATED', `${end - start} bytes hold no RTCP packet`);
  }
  const packets: RtcpPacket[] = [];
  let at = start;
  while (at < end) {
    if (end - at < 4)
      throw new ProtocolError('RTCP_TRUNCATED', `${end - at} stray bytes after the last packet`);
    const first = byteAt(buffer, at);
    if (first >> 6 !== 2) throw new ProtocolError('RTCP_BAD_VERSION', `RTCP version ${first >> 6}`);
    const next = at + 4 + 4 * uint16At(buffer, at + 2);
    if (next > end) {
      throw new ProtocolError('RTCP_BAD_LENGTH', `A packet of ${next - at} bytes where ${end - at} are left`);
    }
    const bodyEnd = (first & 0x20) === 0 ? next : withoutPadding(buffer, at, next, end);
    packets.push(parseOne(buffer, at, bodyEnd));
    at = next;
  }
  return packets;
}

function withoutPadding(buffer: Uint8Array, start: number, next: number, end: number): number {
  const padding = byteAt(buffer, next - 1);
  // RFC 3550 6.4.1 pads the last packet by whole words. Transport-wide feedback fills its own last word instead,
  // wherever it stands.
  const fillsLastWord = isTransportCc(byteAt(buffer, start + 1), byteAt(buffer, start) & 0x1f);
  const isAllowed = fillsLastWord || (next === end && padding % 4 === 0);
  if (!isAllowed || padding === 0 || padding > next - start - 4) {
    throw new ProtocolError('RTCP_BAD_PADDING', `Padding of ${padding} bytes in a packet of ${next - start}`);
  }
  return next - padding;
}

function parseOne(buffer: Uint8Array, start: number, end: number): RtcpPacket {
  const count = byteAt(buffer, start) & 0x1f;
  const type = byteAt(buffer, start + 1);
  const body = start + 4;
  switch (type) {
    case packetType.sr:
      need(end - body, 24, 'SR');
      return {
        type: 'sr',
        ssrc: uint32At(buffer, body),
        ntpSeconds: uint32At(buffer, body + 4),
        ntpFraction: uint32At(buffer, body + 8),
        rtpTimestamp: uint32At(buffer, body + 12),
        packets: uint32At(buffer, body + 16),
        octets: uint32At(buffer, body + 20),
        reports: parseReports(buffer, body + 24, end, count),
      };
    case packetType.rr:
      need(end - body, 4, 'RR');
      return {
        type: 'rr',
        ssrc: uint32At(buffer, body),
        reports: parseReports(buffer, body + 4, end, count),
      };
    case packetType.sdes:
      return { type: 'sdes', chunks: parseSdes(buffer, body, end, count) };
    case packetType.bye:
      need(end - body, 4 * count, 'BYE');
      return { type: 'bye', ssrcs: uint32List(buffer, body, count) };
    case packetType.rtpFeedback:
      if (isTransportCc(type, count)) return parseTransportCc(buffer, body, end);
      return count === feedbackFormat.nack ? parseNack(buffer, body, end) : other(type, count);
    case packetType.payloadFeedback:
      return parsePayloadFeedback(buffer, body, end, count);
    default:
      return other(type, count);
  }
}

function isTransportCc(type: number, format: number): boolean {
  return type === packetType.rtpFeedback && format === feedbackFormat.transportCc;
}

function parseTransportCc(buffer: Uint8Array, body: number, end: number): RtcpPacket {
  const feedback = parseTransportFeedback(buffer, body, end);
  if (feedback === undefined) return other(packetType.rtpFeedback, feedbackFormat.transportCc);
  return { type: 'transport-cc', ...feedback };
}

function other(packetType: number, format: number): RtcpPacket {
  return { type: 'other', packetType, format };
}

function parseReports(buffer: Uint8Array, start: number, end: number, count: number): ReportBlock[] {
  need(end - start, reportBlockBytes * count, 'Report blocks');
  const reports: ReportBlock[] = [];
  for (let at = start; reports.length < count; at += reportBlockBytes) {
    const loss = uint32At(buffer, at + 4);
    reports.push({
      ssrc: uint32At(buffer, at),
      fractionLost: loss >>> 24,
      cumulativeLost: (loss << 8) >> 8,
      highestSequence: uint32At(buffer, at + 8),
      jitterTicks: uint32At(buffer, at + 12),
      lastSr: uint32At(buffer, at + 16),
      delaySinceLastSr: uint32At(buffer, at + 20),
    });
  }
  return reports;
}

function parseSdes(buffer: Uint8Array, start: number, end: number, count: number): SdesChunk[] {
  const chunks: SdesChunk[] = [];
  let at = start;
  while (chunks.length < count) {
    need(end - at, 8, 'SDES chunk');
    const ssrc = uint32At(buffer, at);
    let cname: string | undefined;
    at += 4;
    for (;;) {
      need(end - at, 1, 'SDES item');
      const item = byteAt(buffer, at);
      if (item === 0) break;
      need(end - at, 2, 'SDES item');
      const textEnd = at + 2 + byteAt(buffer, at + 1);
      need(end - textEnd, 0, 'SDES text');
      if (item === sdesCname) cname = Buffer.from(buffer.subarray(at + 2, textEnd)).toString('utf8');
      at = textEnd;
    }
    // The null item is padded to the next 32-bit boundary, which is counted from the packet's start.
    at += 4 - ((at - start) % 4);
    need(end - at, 0, 'SDES padding');
    chunks.push({ ssrc, cname });
  }
  return chunks;
}

function parseNack(buffer: Uint8Array, body: number, end: number): RtcpPacket {
  need(end - body, 12, 'NACK');
  const entries = (end - body - 8) / 4;
  if (entries > maxNackEntries) {
    throw new ProtocolError('RTCP_NACK_TOO_LONG', `NACK with ${entries} entries, at most ${maxNackEntries}`);
  }
  const sequences: number[] = [];
  for (let at = body + 8; at < end; at += 4) {
    const first = uint16At(buffer, at);
    const following = uint16At(buffer, at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit += 1) {
      if ((following >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
    }
  }
  return { type: 'nack', ...feedback(buffer, body), sequences };
}

function parsePayloadFeedback(buffer: Uint8Array, body: number, end: number, format: number): RtcpPacket {
  switch (format) {
    case feedbackFormat.pli:
      exactly(end - body, 8, 'PLI');
      return { type: 'pli', ...feedback(buffer, body) };
    case feedbackFormat.fir: {
      need(end - body, 16, 'FIR');
      if ((end - body) % 8 !== 0) throw new ProtocolError('RTCP_BAD_LENGTH', `FIR of ${end - body} bytes`);
      const requests = [];
      for (let at = body + 8; at < end; at += 8) {
        requests.push({ ssrc: uint32At(buffer, at), sequence: byteAt(buffer, at + 4) });
      }
      return { type: 'fir', senderSsrc: uint32At(buffer, body), requests };
    }
    case feedbackFormat.application:
      return parseRemb(buffer, body, end);
    default:
      return other(packetType.payloadFeedback, format);
  }
}

function parseRemb(buffer: Uint8Array, body: number, end: number): RtcpPacket {
  const remb = 0x52454d42;
  need(end - body, 12, 'Application layer feedback');
  if (uint32At(buffer, body + 8) !== remb)
    return other(packetType.payloadFeedback, feedbackFormat.application);
  need(end - body, 16, 'REMB');
  const fields = uint32At(buffer, body + 12);
  const count = fields >>> 24;
  exactly(end - body, 16 + 4 * count, 'REMB');
  const exponent = (fields >>> 18) & 0x3f;
  const bitrateBps = (fields & 0x3ffff) * 2 ** exponent;
  return {
    type: 'remb',
    senderSsrc: uint32At(buffer, body),
    bitrateBps,
    ssrcs: uint32List(buffer, body + 16, count),
  };
}

function feedback(buffer: Uint8Array, body: number): Feedback {
  return { senderSsrc: uint32At(buffer, body), mediaSsrc: uint32At(buffer, body + 4) };
}

function need(have: number, bytes: number, what: string): void {
  if (have < bytes) throw new ProtocolError('RTCP_BAD_LENGTH', `${what}: ${have} bytes, ${bytes} needed`);
}

function exactly(have: number, bytes: number, what: string): void {
  if (have !== bytes)
    throw new ProtocolError('RTCP_BAD_LENGTH', `${what}: ${have} bytes instead of ${bytes}`);
}

function uint16At(buffer: Uint8Array, at: number): number {
  return (byteAt(buffer, at) << 8) | byteAt(buffer, at + 1);
}

function uint32List(buffer: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => uint32At(buffer, start + 4 * index));
}

export interface SenderReportFields {
  readonly ssrc: number;
  /** Wall clock now; `rtpTimestamp` is the same instant on the stream's clock. */
  readonly unixMs: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** Writes SR + SDES(CNAME); returns the end offset. The target needs 44 bytes more than the CNAME. */
export function writeSenderReport(
  target: Uint8Array,
  at: number,
  report: SenderReportFields,
  cname: string,
): number {
  const ntp = unixMsToNtp(report.unixMs);
  let end = writeHead(target, at, 0, packetType.sr, 28);
  end = writeUint32(target, end, report.ssrc);
  end = writeUint32(target, end, ntp.seconds);
  end = writeUint32(target, end, ntp.fraction);
  end = writeUint32(target, end, report.rtpTimestamp);
  end = writeUint32(target, end, report.packets);
  end = writeUint32(target, end, report.octets);
  return writeSdes(target, end, report.ssrc, cname);
}

/** Writes RR + SDES(CNAME); returns the end offset. At most 31 blocks. The target needs 24 bytes more than the CNAME, and 24 per block. */
export function writeReceiverReport(
  target: Uint8Array,
  at: number,
  ssrc: number,
  reports: readonly ReportBlock[],
  cname: string,
): number {
  let end = writeHead(target, at, reports.length, packetType.rr, 8 + reportBlockBytes * reports.length);
  end = writeUint32(target, end, ssrc);
  for (const report of reports) {
    const lost = Math.max(-0x800000, Math.min(0x7fffff, report.cumulativeLost));
    end = writeUint32(target, end, report.ssrc);
    end = writeUint32(target, end, (report.fractionLost << 24) | (lost & 0xffffff));
    end = writeUint32(target, end, report.highestSequence);
    end = writeUint32(target, end, report.jitterTicks);
    end = writeUint32(target, end, report.lastSr);
    end = writeUint32(target, end, report.delaySinceLastSr);
  }
  return writeSdes(target, end, ssrc, cname);
}

/** Writes a BYE for one source; returns the end offset. */
export function writeBye(target: Uint8Array, at: number, ssrc: number): number {
  return writeUint32(target, writeHead(target, at, 1, packetType.bye, 8), ssrc);
}

function writeSdes(target: Uint8Array, at: number, ssrc: number, cname: string): number {
  const text = Buffer.from(cname, 'utf8').subarray(0, 255);
  const chunkBytes = 4 + 2 + text.length;
  const paddedBytes = chunkBytes + 4 - (chunkBytes % 4);
  let end = writeHead(target, at, 1, packetType.sdes, 4 + paddedBytes);
  end = writeUint32(target, end, ssrc);
  target[end] = sdesCname;
  target[end + 1] = text.length;
  target.set(text, end + 2);
  target.fill(0, end + 2 + text.length, at + 4 + paddedBytes);
  return at + 4 + paddedBytes;
}

function writeHead(target: Uint8Array, at: number, count: number, type: number, bytes: number): number {
  target[at] = 0x80 | count;
  target[at + 1] = type;
  const words = bytes / 4 - 1;
  target[at + 2] = words >> 8;
  target[at + 3] = words;
  return at + 4;
}

function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
