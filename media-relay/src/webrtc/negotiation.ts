// What comes out of offer/answer: plain data, made by negotiate.ts, written as SDP by answer.ts.
import type { RefusalCode } from '../engine/messages.ts';
import type { DtlsRole } from './dtls.ts';

/** What the stream has, as far as an answer depends on it. */
export interface StreamMedia {
  readonly video?: { readonly profileLevelId: string } | undefined;
  readonly audio?: { readonly codec: 'pcmu' | 'pcma' | 'opus'; readonly channels: number } | undefined;
}

export interface Refusal {
  readonly code: RefusalCode;
  /** For people: a sentence with what to do. */
  readonly message: string;
}

export interface Negotiation {
  /** As many as the offer has m= sections, in its order. */
  readonly sections: readonly AnswerSection[];
  /** Mids of the accepted sections in the order of the offered group; empty when the offer has none. */
  readonly bundle: readonly string[];
  readonly remote: RemoteTransport;
  /** Ours. */
  readonly dtlsRole: DtlsRole;
  readonly video: NegotiatedVideo;
  readonly audio: NegotiatedAudio | undefined;
}

/** The player's side of the one transport that everything shares. */
export interface RemoteTransport {
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256 of its certificate, "AB:CD:...". */
  readonly fingerprint: string;
}

export type AnswerSection = AcceptedSection | RejectedSection;

export interface AcceptedSection {
  readonly accepted: true;
  readonly kind: 'video' | 'audio';
  readonly protocol: string;
  readonly mid: string | undefined;
  readonly reducedSizeRtcp: boolean;
  /** The one that carries the stream first, then the others. */
  readonly payloads: readonly ChosenPayload[];
  readonly extensions: readonly AnswerExtension[];
  /** RFC 9143 8.1: transport attributes count in this section. */
  readonly isTagged: boolean;
}

export interface RejectedSection {
  readonly accepted: false;
  readonly kind: string;
  readonly protocol: string;
  readonly mid: string | undefined;
  readonly format: string;
}

export interface AnswerExtension {
  readonly id: number;
  readonly uri: string;
  /** Undefined where the offer has none. */
  readonly direction: 'sendonly' | undefined;
}

export interface NegotiatedVideo {
  readonly mid: string | undefined;
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  /** profile-level-id that the payload type was offered with, RFC 6184 8.1. */
  readonly profileLevelId: string;
  readonly feedback: Feedback;
  /** Header extension id, 1 to 14, when offered. */
  readonly playoutDelayId: number | undefined;
  /** Header extension id of the transport-wide sequence number, 1 to 14, when it and its feedback are offered. */
  readonly transportCcId: number | undefined;
  readonly reducedSizeRtcp: boolean;
}

export interface NegotiatedAudio {
  readonly mid: string | undefined;
  readonly payloadType: number;
  readonly codec: 'pcmu' | 'pcma' | 'opus';
  readonly clockRate: number;
}

/** One payload type of the answer, with the parts of its offer that the answer repeats. */
export interface ChosenPayload {
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly encodingName: string;
  readonly clockRate: number;
  /** Written only when above 1. */
  readonly channels: number;
  /** Of H.264 as offered. */
  readonly profileLevelId?: string;
  /** Without the payload type; undefined: no a=fmtp line. */
  readonly formatParameters: string | undefined;
  readonly feedback: readonly string[];
}

/** Which RTCP feedback the player may send for the video. */
export interface Feedback {
  readonly nack: boolean;
  readonly nackPli: boolean;
  readonly ccmFir: boolean;
  readonly googRemb: boolean;
  /** Needs the transport-wide sequence number in every packet: `transportCcId`. */
  readonly transportCc: boolean;
}
