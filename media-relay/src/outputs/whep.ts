/**
 * Viewers over WebRTC: takes an offer for a stream, makes the session that answers it, and keeps the sessions, the
 * media port and the pacing that they share. Signalling itself (RFC 9725, WHEP) is HTTP's business.
 */
import { randomBytes } from 'node:crypto';
import type { Parts } from '../engine/parts.ts';
import type {
  EngineSpec,
  OfferResult,
  QualityWish,
  RefusalCode,
  SessionClock,
  SessionEnd,
  SessionQuality,
} from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import type { Arena, Block } from '../native/arena.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Stream } from '../stream/stream.ts';
import {
  candidates,
  localAddresses,
  missingAddresses,
  parseAnnounced,
  type AnnouncedAddress,
  type LocalAddress,
  type NetworkInterfaces,
} from '../webrtc/addresses.ts';
import { writeAnswer } from '../webrtc/answer.ts';
import { overUdpAndTcp, type Egress } from '../webrtc/egress.ts';
import { newIceCredentials, type IceCredentials } from '../webrtc/ice-credentials.ts';
import { bytesToIp, ipToBytes } from '../webrtc/ip.ts';
import { MediaPort } from '../webrtc/media-port.ts';
import { isRefusal, malformedOffer, negotiate } from '../webrtc/negotiate.ts';
import type { Negotiation } from '../webrtc/negotiation.ts';
import { parseOffer, type Offer } from '../webrtc/offer.ts';
import { Pacer, TokenBucket } from '../webrtc/pacer.ts';
import { bySize } from '../webrtc/quality-policy.ts';
import { CNAME, randomSsrcs, type SessionSsrcs } from '../webrtc/session-media.ts';
import { Session } from '../webrtc/session.ts';

/** Where sessions ask for the main stream, and say that they have no use for it any more. */
export interface MainStreamDesk {
  /** The answer comes by `answerMainStream`, always. */
  ask(sessionId: string): void;
  giveBack(sessionId: string): void;
}

export interface WhepDeps {
  readonly arena: Arena;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly parts: Parts;
  readonly networkInterfaces: () => NetworkInterfaces;
  /** Without one nobody needs to ask. */
  readonly mainStream: MainStreamDesk | undefined;
  readonly onJoined: (session: Session) => void;
  readonly onLeft: (session: Session, reason: SessionEnd, detail: string) => void;
}

/** What all bursts of one media thread may use together. */
const BURST_BUDGET_BPS = 400_000_000;
const BURST_BUDGET_BYTES = 128 * 1024;
/** An offer for a camera whose codec is not known yet waits this long. */
const PREPARE_MS = 1800;
const NOT_REACHED = 'The camera cannot be reached at the moment; the relay keeps trying.';
/** Nor can one wait for it with an offer: the profile in the answer is that of the SPS. */
const NO_PARAMETER_SETS =
  'The camera sends pictures, but no parameter sets (SPS and PPS) yet; the relay waits for them. ' +
  'If they do not come, set the camera\u2019s I-frame interval to 1-4 s.';
/** Largest payload, with RTX's two bytes. */
const PAYLOAD_BYTES = 2048;

export class WhepOutput {
  readonly #deps: WhepDeps;
  readonly #spec: EngineSpec;
  readonly #port: MediaPort;
  readonly #egress: Egress;
  readonly #pacer: Pacer;
  readonly #burstBudget: TokenBucket;
  readonly #payload: Block;
  readonly #announced: readonly AnnouncedAddress[];
  #local: readonly LocalAddress[] = [];
  /** Listed by name, and gone for now: their sockets stay, and work again the moment that the address is back. */
  #away: readonly LocalAddress[] = [];
  #missing: readonly string[] = [];
  readonly #sessions = new Map<string, Session>();
  /** Offers by outcome: 'ok' once media can flow, else why not. */
  readonly joins: Record<string, number> = {};
  #closing = false;

  constructor(spec: EngineSpec, deps: WhepDeps) {
    this.#spec = spec;
    this.#deps = deps;
    this.#port = new MediaPort(deps.parts.egress, spec.mediaPort, deps.clock);
    this.#egress = overUdpAndTcp(deps.parts.egress);
    this.#pacer = new Pacer(deps.clock);
    this.#burstBudget = new TokenBucket(BURST_BUDGET_BPS, BURST_BUDGET_BYTES, deps.clock());
    this.#payload = deps.arena.allocate(PAYLOAD_BYTES);
    this.#announced = spec.announcedAddresses.map((text) => parseAnnounced(text));
  }

  get mediaPort(): number {
    return this.#port.port;
  }

  /** Why an address takes no datagrams; undefined when all do. */
  get udpProblem(): string | undefined {
    const missing = this.#missing.length === 0 ? undefined : doesNotHave(this.#missing);
    const problems = [missing, this.#port.udpProblem].filter((one) => one !== undefined);
    return problems.length === 0 ? undefined : problems.join('; ');
  }

  /** Why an address takes no TCP connections; undefined when all do. */
  get tcpProblem(): string | undefined {
    return this.#port.tcpProblem;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /**
   * Binds the addresses that this host has now; call it again when they may have changed. Throws when none can be bound;
   * when it has none of those that are listed, all stays as it was, for they may be back in a moment.
   */
  async bind(): Promise<void> {
    const { mediaAddresses } = this.#spec;
    const interfaces = this.#deps.networkInterfaces();
    const local = localAddresses(interfaces, mediaAddresses);
    const missing = missingAddresses(interfaces, mediaAddresses);
    if (local.length === 0 && missing.length > 0) throw new Error(doesNotHave(missing));
    const wasAway = this.#away;
    this.#away = this.#awayOf(missing);
    this.#local = local;
    this.#missing = missing;
    await this.#port.setAddresses([...this.#local, ...this.#away]);
    // Once: whoever stays, or comes back to it, hears from it.
    for (const { address } of this.#away)
      if (!wasAway.some((before) => before.address === address)) this.#port.doubt(address);
  }

  #awayOf(missing: readonly string[]): LocalAddress[] {
    const gone = new Set(missing.map((text) => bytesToIp(ipToBytes(text) ?? new Uint8Array(4))));
    const bound = new Set(this.#port.addresses);
    return [...this.#local, ...this.#away].filter(({ address }) => gone.has(address) && bound.has(address));
  }

  async offer(stream: Stream | undefined, sdp: string, wish: QualityWish = {}): Promise<OfferResult> {
    const result = await this.#answer(stream, sdp, wish);
    if (!result.ok) this.#countJoin(result.code);
    return result;
  }

  sessionClock(id: string, frames: number): SessionClock | undefined {
    return this.#sessions.get(id)?.clock(frames);
  }

  sessionQuality(id: string, wish: QualityWish): SessionQuality | undefined {
    return this.#sessions.get(id)?.quality(wish);
  }

  answerMainStream(id: string, isGranted: boolean): void {
    this.#sessions.get(id)?.answerMainStream(isGranted);
  }

  closeSession(id: string, reason: SessionEnd): void {
    this.#sessions.get(id)?.close(reason);
  }

  /** About ten times a second. */
  tick(nowMs: number): void {
    for (const session of this.#sessions.values()) session.tick(nowMs);
  }

  close(): void {
    this.#closing = true;
    for (const session of this.#sessions.values()) session.close('shutdown');
    this.#pacer.close();
    this.#port.close();
    this.#deps.arena.free(this.#payload);
  }

  async #answer(stream: Stream | undefined, sdp: string, wish: QualityWish): Promise<OfferResult> {
    if (this.#closing) return refuse('shutting-down', 'The relay is stopping.', 2);
    if (stream === undefined) return refuse('stream-not-found', 'There is no stream of this name.');
    let offer: Offer;
    try {
      offer = parseOffer(sdp);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { code, message } = malformedOffer(error);
      return refuse(code, message);
    }
    const first = await this.#firstRendition(stream, wish);
    const facts = first?.facts;
    if (facts === undefined && stream.refusal !== undefined) return refuse('stream-refused', stream.refusal);
    if (first === undefined || facts === undefined) {
      stream.noteSought();
      const isSending = stream.state(this.#deps.clock()) === 'live';
      return refuse('stream-not-ready', isSending ? NO_PARAMETER_SETS : NOT_REACHED, 2);
    }
    const audio = stream.audioTrack;
    const media = {
      video: { profileLevelId: facts.profileLevelId },
      audio:
        audio && audio.codec !== 'unsupported' ? { codec: audio.codec, channels: audio.channels } : undefined,
    };
    const negotiation = negotiate(offer, media, this.#deps.parts.dtls.canBeClient);
    if (isRefusal(negotiation)) return refuse(negotiation.code, negotiation.message);
    if (this.#closing) return refuse('shutting-down', 'The relay is stopping.', 2);
    return this.#accept(stream, negotiation, first, wish);
  }

  /**
   * What the viewer sees first: the rendition that suits it if that is there, else the one that is, for a picture now
   * is better than the right one later; undefined when none can be offered in time.
   */
  async #firstRendition(stream: Stream, wish: QualityWish): Promise<Rendition | undefined> {
    const { clock } = this.#deps;
    const { main, sub } = stream;
    const { quality = 'auto', tile } = wish;
    const deadlineMs = clock() + PREPARE_MS;
    const isOfferable = (rendition: Rendition): boolean => rendition.isOfferable(clock());
    const wantsSub = (quality === 'auto' ? bySize(tile, sizeOf(sub)) : quality) === 'sub';
    if (sub !== undefined && wantsSub) {
      if (sub.isReady(clock())) return sub;
      const prepared = [sub, main].map(async (rendition) => {
        await rendition.prepare(PREPARE_MS);
        if (!isOfferable(rendition)) throw new Error('not in time');
      });
      await Promise.any(prepared).catch(() => undefined);
      return [main, sub].find(isOfferable);
    }
    await main.prepare(PREPARE_MS);
    if (isOfferable(main)) return main;
    await sub?.prepare(Math.max(0, deadlineMs - clock()));
    return sub !== undefined && isOfferable(sub) ? sub : undefined;
  }

  #accept(stream: Stream, negotiation: Negotiation, first: Rendition, wish: QualityWish): OfferResult {
    const { clock, random, parts } = this.#deps;
    const credentials = newIceCredentials(randomBytes);
    const ssrcs = randomSsrcs();
    const session = new Session(
      {
        clock,
        random,
        egress: this.#egress,
        dtls: parts.dtls,
        srtp: parts.srtp,
        pacer: this.#pacer,
        burstBudget: this.#burstBudget,
        unpaced: this.#spec.unpaced === true,
        payload: this.#payload,
        mainStream: this.#deps.mainStream,
        onConnected: (connected) => {
          this.#countJoin('ok');
          this.#deps.onJoined(connected);
        },
        onEnd: (ended, reason, detail) => this.#onEnd(ended, reason, detail),
      },
      randomBytes(18).toString('base64url'),
      stream,
      negotiation,
      credentials,
      ssrcs,
      first,
      wish,
    );
    this.#sessions.set(session.id, session);
    this.#port.add(session);
    stream.attach(session, first.name);
    const sdp = this.#writeAnswer(negotiation, credentials, ssrcs);
    return { ok: true, sessionId: session.id, sdp, playing: first.name };
  }

  #writeAnswer(negotiation: Negotiation, ice: IceCredentials, ssrcs: SessionSsrcs): string {
    const bound = new Set(this.#port.addresses);
    const local = this.#local.filter(({ address }) => bound.has(address));
    return writeAnswer(negotiation, {
      ice,
      fingerprint: this.#deps.parts.dtls.fingerprint,
      candidates: candidates(local, this.#port.port, this.#announced, this.#port.tcpAddresses),
      videoSsrc: ssrcs.video,
      videoRtxSsrc: ssrcs.rtx,
      audioSsrc: ssrcs.audio,
      cname: CNAME,
      sessionId: String(randomBytes(6).readUIntBE(0, 6)),
    });
  }

  #onEnd(session: Session, reason: SessionEnd, detail: string): void {
    this.#sessions.delete(session.id);
    this.#port.remove(session);
    if (!session.wasConnected) this.#countJoin(reason);
    this.#deps.onLeft(session, reason, detail);
  }

  #countJoin(outcome: RefusalCode | SessionEnd | 'ok'): void {
    this.joins[outcome] = (this.joins[outcome] ?? 0) + 1;
  }
}

const doesNotHave = (addresses: readonly string[]): string =>
  `this host does not have ${addresses.join(', ')} of media.addresses`;

function refuse(code: RefusalCode, message: string, retryAfterSeconds?: number): OfferResult {
  return retryAfterSeconds === undefined
    ? { ok: false, code, message }
    : { ok: false, code, message, retryAfterSeconds };
}

function sizeOf(rendition: Rendition | undefined): { width: number; height: number } | undefined {
  return rendition?.facts && { width: rendition.facts.width, height: rendition.facts.height };
}
