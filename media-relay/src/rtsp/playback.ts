// One connection to a camera from DESCRIBE to TEARDOWN: wires parser, session, sockets and receivers together.

import { randomBytes } from 'node:crypto';
import type { AccessUnit } from '../media/access-unit.ts';
import type { Clock } from '../media/clock.ts';
import type { Track } from '../media/track.ts';
import { TrackReceiver } from '../rtp/receiver.ts';
import { SourceError, type ReceiveReport } from '../sources/source.ts';
import { openConnection, openUdpPair, type RtspConnection, type UdpPair } from './io.ts';
import { RtspParser } from './parser.ts';
import { RtspSession, type RtspSessionEvent } from './session.ts';
import type { WantedTrack } from './tracks.ts';
import type { TransportAnswer, TransportRequest } from './transport.ts';
import { hostAndPort, type RtspTarget } from './url.ts';

export interface PlaybackOptions {
  readonly target: RtspTarget;
  readonly transport: 'tcp' | 'udp';
  /** How long UDP may bring no video after PLAY before it is given up; undefined for no limit. */
  readonly maxSilenceMs: number | undefined;
  readonly tlsFingerprint: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Before the first access unit, and again when anything about them changed. */
  readonly onTracks: (tracks: readonly Track[]) => void;
  readonly onAccessUnit: (unit: AccessUnit) => void;
  /** About once a second, and once at the end. */
  readonly onReport: (report: ReceiveReport) => void;
}

export type PlaybackEnd =
  | { readonly type: 'aborted' }
  | { readonly type: 'redirected'; readonly location: string }
  | { readonly type: 'silent' };

const tickMs = 250;
const reportMs = 1000;
/** RFC 3550 6.2: about five seconds, spread over half to one and a half of it. */
const receiverReportMs = 5000;
/** Over UDP the reorder buffer waits for what is late; over TCP only a last picture without its marker can be left. */
const flushMs = { tcp: 50, udp: 20 } as const;
const interleavedHeadBytes = 4;
const channelCount = 256;

interface PlayedTrack {
  readonly wanted: WantedTrack;
  readonly receiver: TrackReceiver;
  readonly sendRtcp: (packet: Uint8Array) => void;
}

/** Rejects with `SourceError` or `ProtocolError`. Nothing of it is left when it settles. */
export async function play(options: PlaybackOptions): Promise<PlaybackEnd> {
  return new Playback(options).run();
}

class Playback {
  readonly #options: PlaybackOptions;
  readonly #end = Promise.withResolvers<PlaybackEnd>();
  readonly #session: RtspSession;
  readonly #parser: RtspParser;
  readonly #rtpByChannel = Array.from<PlayedTrack | undefined>({ length: channelCount });
  readonly #rtcpByChannel = Array.from<PlayedTrack | undefined>({ length: channelCount });
  /** By index in the session description's choice; undefined for a track that the camera refused. */
  readonly #played: (PlayedTrack | undefined)[] = [];
  #wanted: readonly WantedTrack[] = [];
  #announced: Track[] = [];
  #isAnnounced = false;
  #udpPairs: readonly UdpPair[] = [];
  #connection: RtspConnection | undefined;
  #isOver = false;
  #arrivalMs = 0;
  #videoPackets = 0;
  #playingSinceMs: number | undefined;
  #nextReportMs = 0;
  #nextReceiverReportMs = 0;
  #roundTripSeconds: number | undefined;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#session = new RtspSession({
      target: options.target,
      userAgent: 'Sightline',
      cnonce: () => randomBytes(16).toString('hex'),
      emit: (event) => this.#handle(event),
    });
    this.#parser = new RtspParser({
      onInterleaved: (channel, buffer, start, end) => this.#interleaved(channel, buffer, start, end),
      onResponse: (response) => this.#session.handleResponse(response, this.#arrivalMs),
      onRequest: (request) => this.#session.handleRequest(request),
    });
  }

  async run(): Promise<PlaybackEnd> {
    const { target, tlsFingerprint, signal, clock } = this.#options;
    if (signal.aborted) return { type: 'aborted' };
    const onAbort = (): void => this.#finish({ type: 'aborted' });
    signal.addEventListener('abort', onAbort, { once: true });
    const timers: NodeJS.Timeout[] = [];
    // Nobody waits for it yet while the connection is being made.
    this.#end.promise.catch(() => undefined);
    try {
      this.#connection = await openConnection({
        target,
        tlsFingerprint,
        signal,
        onData: (buffer, start, end) => {
          this.#arrivalMs = clock();
          this.#guarded(() => this.#parser.push(buffer, start, end));
        },
        onClose: (error) =>
          this.#fail(error ?? new SourceError('ended', `${hostAndPort(target)} closed the connection`)),
      });
      this.#nextReportMs = clock() + reportMs;
      this.#nextReceiverReportMs = clock() + this.#receiverReportDelayMs();
      timers.push(setInterval(() => this.#guarded(() => this.#tick()), tickMs));
      timers.push(
        setInterval(() => this.#guarded(() => this.#flushAged()), flushMs[this.#options.transport]),
      );
      this.#guarded(() => this.#session.start(clock()));
      return await this.#end.promise;
    } catch (error) {
      if (signal.aborted) return { type: 'aborted' };
      throw error;
    } finally {
      this.#isOver = true;
      signal.removeEventListener('abort', onAbort);
      for (const timer of timers) clearInterval(timer);
      for (const pair of this.#udpPairs) pair.close();
      this.#sayGoodbye();
      if (this.#played.length > 0) this.#report();
    }
  }

  #sayGoodbye(): void {
    try {
      this.#session.teardown(this.#options.clock());
    } finally {
      this.#connection?.close();
    }
  }

  #finish(end: PlaybackEnd): void {
    this.#isOver = true;
    this.#end.resolve(end);
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#end.reject(error instanceof Error ? error : new SourceError('internal', 'unknown failure'));
  }

  /** What a timer or socket calls: an exception, of the sink too, ends this stream and not the media thread. */
  #guarded(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #handle(event: RtspSessionEvent): void {
    switch (event.type) {
      case 'send':
        this.#connection?.send(event.text);
        break;
      case 'described':
        this.#wanted = event.tracks;
        this.#announced = event.tracks.map((wanted) => wanted.track);
        this.#requestTransports(event.tracks);
        break;
      case 'track-ready':
        this.#addTrack(event.track, event.transport);
        break;
      case 'playing':
        this.#announce();
        this.#playingSinceMs = this.#options.clock();
        break;
      case 'round-trip':
        this.#roundTripSeconds = event.seconds;
        break;
      case 'redirected':
        this.#finish({ type: 'redirected', location: event.location });
        break;
      case 'ended':
        this.#fail(new SourceError('ended', `${hostAndPort(this.#options.target)} ended the session`));
        break;
    }
  }

  #requestTransports(tracks: readonly WantedTrack[]): void {
    const { transport, clock } = this.#options;
    if (transport === 'tcp') {
      const requests = tracks.map((_, i): TransportRequest => ({
        lower: 'tcp',
        channels: [2 * i, 2 * i + 1],
      }));
      this.#session.setup(requests, clock());
      return;
    }
    this.#openUdpPairs(tracks.length).then(
      (pairs) => {
        if (this.#isOver) for (const pair of pairs) pair.close();
        this.#udpPairs = pairs;
        const requests = pairs.map((pair): TransportRequest => ({ lower: 'udp', clientPorts: pair.ports }));
        this.#guarded(() => this.#session.setup(requests, clock()));
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #openUdpPairs(count: number): Promise<UdpPair[]> {
    const { localAddress = '', remoteAddress = '' } = this.#connection ?? {};
    const pairs: UdpPair[] = [];
    try {
      for (let i = 0; i < count; i++) {
        pairs.push(
          await openUdpPair({
            localAddress,
            remoteAddress,
            onRtp: (packet) => this.#guarded(() => this.#datagram(packet, i, true)),
            onRtcp: (packet) => this.#guarded(() => this.#datagram(packet, i, false)),
          }),
        );
      }
      return pairs;
    } catch (error) {
      for (const pair of pairs) pair.close();
      throw error;
    }
  }

  #addTrack(wanted: WantedTrack, answer: TransportAnswer): void {
    const { transport, clock, random, onAccessUnit } = this.#options;
    const index = this.#wanted.indexOf(wanted);
    const localSsrc = Math.floor(random() * 2 ** 32) >>> 0;
    const receiver = new TrackReceiver({
      track: wanted.track,
      sprop: wanted.sprop,
      transport,
      clock,
      localSsrc,
      onAccessUnit: (unit) => {
        if (!this.#isOver) onAccessUnit(unit);
      },
      onTrack: (track) => {
        this.#announced[index] = track;
        if (this.#isAnnounced && !this.#isOver) this.#options.onTracks(this.#tracksInPlay());
      },
    });
    // Its parameter sets may have come with the session description.
    this.#announced[index] = receiver.track;
    const pair = this.#udpPairs[index];
    const [rtpChannel, rtcpChannel] = answer.channels ?? [2 * index, 2 * index + 1];
    const played: PlayedTrack = {
      wanted,
      receiver,
      sendRtcp:
        transport === 'tcp'
          ? (packet) => this.#connection?.send(interleave(rtcpChannel, packet))
          : (packet) => pair?.sendRtcp(packet, answer.serverPorts?.[1] ?? 0),
    };
    this.#played[index] = played;
    if (transport === 'tcp') {
      this.#rtpByChannel[rtpChannel] = played;
      this.#rtcpByChannel[rtcpChannel] = played;
    } else if (answer.serverPorts !== undefined) {
      pair?.punch(answer.serverPorts, localSsrc);
    }
  }

  /** The hot path of TCP: once per packet, nothing is allocated. */
  #interleaved(channel: number, buffer: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    const played = this.#rtpByChannel[channel];
    if (played !== undefined) this.#rtp(played, buffer, start, end);
    else this.#rtcpByChannel[channel]?.receiver.rtcp(buffer, start, end, this.#arrivalMs);
  }

  #datagram(packet: Uint8Array, index: number, isRtp: boolean): void {
    const played = this.#played[index];
    if (played === undefined) return;
    this.#arrivalMs = this.#options.clock();
    if (isRtp) this.#rtp(played, packet, 0, packet.length);
    else played.receiver.rtcp(packet, 0, packet.length, this.#arrivalMs);
  }

  #rtp({ wanted, receiver }: PlayedTrack, buffer: Uint8Array, start: number, end: number): void {
    // A media section with several formats may switch between them; only one of them was announced.
    if (!wanted.isOnlyFormat && ((buffer[start + 1] ?? 0) & 0x7f) !== wanted.payloadType) return;
    if (!this.#isAnnounced) this.#announce();
    if (wanted.track.kind === 'video') this.#videoPackets++;
    receiver.packet(buffer, start, end, this.#arrivalMs);
  }

  /** With the answer to PLAY, or with the first packet where that comes before it. */
  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#options.onTracks(this.#tracksInPlay());
  }

  #tracksInPlay(): Track[] {
    return this.#announced.filter((_, index) => this.#played[index] !== undefined);
  }

  #flushAged(): void {
    const nowMs = this.#options.clock();
    for (const played of this.#played) played?.receiver.flushAged(nowMs);
  }

  #tick(): void {
    const nowMs = this.#options.clock();
    const { maxSilenceMs } = this.#options;
    this.#session.tick(nowMs);
    if (nowMs >= this.#nextReportMs) {
      this.#nextReportMs = Math.max(this.#nextReportMs + reportMs, nowMs);
      this.#report();
    }
    if (nowMs >= this.#nextReceiverReportMs) {
      this.#nextReceiverReportMs = nowMs + this.#receiverReportDelayMs();
      for (const played of this.#played) played?.sendRtcp(played.receiver.receiverReport(nowMs));
    }
    const isSilent =
      this.#videoPackets === 0 && this.#playingSinceMs !== undefined && maxSilenceMs !== undefined;
    if (isSilent && nowMs - (this.#playingSinceMs ?? nowMs) >= maxSilenceMs) this.#finish({ type: 'silent' });
  }

  #report(): void {
    let [packets, bytes, lost, reordered, broken] = [0, 0, 0, 0, 0];
    let jitterSeconds: number | undefined;
    for (const played of this.#played) {
      if (played === undefined) continue;
      const report = played.receiver.takeReport();
      packets += report.packets;
      bytes += report.bytes;
      lost += report.lost;
      reordered += report.reordered;
      broken += report.broken;
      if (played.wanted.track.kind === 'video') jitterSeconds = report.jitterSeconds;
    }
    const roundTripSeconds = this.#roundTripSeconds;
    const { transport, onReport } = this.#options;
    onReport({ packets, bytes, lost, reordered, broken, jitterSeconds, roundTripSeconds, transport });
  }

  #receiverReportDelayMs(): number {
    return receiverReportMs * (0.5 + this.#options.random());
  }
}

function interleave(channel: number, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(interleavedHeadBytes + packet.length);
  frame.set([0x24, channel, packet.length >> 8, packet.length & 0xff]);
  frame.set(packet, interleavedHeadBytes);
  return frame;
}
