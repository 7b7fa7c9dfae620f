// RTSP and RTSPS cameras as a source: redirections, the choice of transport, and errors in words.

import type { Clock } from '../media/clock.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import { play, type PlaybackEnd } from '../rtsp/playback.ts';
import { TransportRefusedError } from '../rtsp/session.ts';
import { hostAndPort, parseRtspUrl, redactor, redirectTarget, type RtspTarget } from '../rtsp/url.ts';
import { SourceError, type Source, type SourceSink } from './source.ts';

export type SourceLog = (level: 'debug' | 'info' | 'warn', message: string) => void;

export interface RtspSourceOptions {
  /** May hold credentials. */
  readonly url: string;
  /** 'auto': UDP first, and TCP from then on if the camera refuses UDP or nothing arrives for 3 s. */
  readonly transport: 'auto' | 'tcp' | 'udp';
  /** SHA-256 of the camera's certificate in hex, colons allowed: replaces its verification (RTSPS). */
  readonly tlsFingerprint?: string | undefined;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log?: SourceLog;
}

const maxRedirects = 5;
const maxUdpSilenceMs = 3000;

/** Throws `SourceError` when the URL is not one; see `rtspUrlProblem` for the sentence. */
export function rtspSource(options: RtspSourceOptions): Source {
  return new RtspSource(options);
}

class RtspSource implements Source {
  readonly label: string;
  readonly #options: RtspSourceOptions;
  readonly #target: RtspTarget;
  /** Learnt once and kept until the stream is restarted or configured anew: UDP does not get through. */
  #udpFails = false;

  constructor(options: RtspSourceOptions) {
    this.#options = options;
    this.#target = parseRtspUrl(options.url);
    this.label = redactor(this.#target)(this.#target.label);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    let target = this.#target;
    let redact = redactor(target);
    try {
      for (let redirects = 0; ;) {
        const end = await this.#attempt(target, sink, signal);
        if (end.type === 'aborted') return;
        if (end.type === 'silent') {
          this.#fallBackToTcp('UDP packets do not arrive');
          continue;
        }
        if (++redirects > maxRedirects) {
          throw new SourceError(
            'refused-by-peer',
            `${hostAndPort(target)} redirects more than ${maxRedirects} times`,
          );
        }
        target = redirectTarget(target, end.location);
        const [before, added] = [redact, redactor(target)];
        redact = (text) => added(before(text));
        this.#options.log?.('info', redact(`${this.label} redirects to ${target.label}`));
      }
    } catch (error) {
      throw inWords(error, target, redact);
    }
  }

  async #attempt(target: RtspTarget, sink: SourceSink, signal: AbortSignal): Promise<PlaybackEnd> {
    const { clock, random = Math.random, tlsFingerprint, transport: wish } = this.#options;
    if (wish === 'udp' && target.tls) {
      throw new SourceError(
        'tls',
        'RTSPS keeps pictures inside TLS, UDP would not: set the transport to tcp',
      );
    }
    const transport = wish === 'udp' || (wish === 'auto' && !this.#udpFails && !target.tls) ? 'udp' : 'tcp';
    try {
      return await play({
        target,
        transport,
        maxSilenceMs: wish === 'auto' && transport === 'udp' ? maxUdpSilenceMs : undefined,
        tlsFingerprint,
        clock,
        random,
        signal,
        onTracks: (tracks) => sink.tracks(tracks),
        onAccessUnit: (unit) => sink.accessUnit(unit),
        onReport: (report) => sink.received(report),
      });
    } catch (error) {
      if (!(error instanceof TransportRefusedError) || wish !== 'auto' || transport !== 'udp') throw error;
      this.#fallBackToTcp('the camera refuses UDP');
      return this.#attempt(target, sink, signal);
    }
  }

  #fallBackToTcp(why: string): void {
    this.#udpFails = true;
    this.#options.log?.('info', `${this.label}: ${why}, using TCP from now on`);
  }
}

function inWords(error: unknown, target: RtspTarget, redact: (text: string) => string): SourceError {
  if (error instanceof SourceError) return new SourceError(error.code, redact(error.message));
  const peer = hostAndPort(target);
  if (error instanceof ProtocolError) {
    const cause = new ProtocolError(error.code, redact(error.message));
    return new SourceError('protocol', `${peer} does not speak RTSP as it should: ${cause.message}`, {
      cause,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new SourceError('internal', `${peer}: ${redact(message)}`);
}
