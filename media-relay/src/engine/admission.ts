/**
 * Whether one more viewer fits: arithmetic over numbers that others measured. It knows no thread, clock or file; who
 * calls it decides what "host" and "thread" are.
 */

/** Why a viewer is refused with `over-capacity`. Stable: API answers carry them, metrics use them as labels. */
export const overCapacityReasons = [
  'stream-viewers',
  'stream-bitrate',
  'host-viewers',
  'host-bitrate',
  'connecting',
  'event-loop',
  'memory',
] as const;
export type OverCapacityReason = (typeof overCapacityReasons)[number];

/** Those of them that keep a viewer of a substream from the main stream, too. */
export const overBitrateReasons = ['stream-bitrate', 'host-bitrate'] as const;
export type OverBitrateReason = (typeof overBitrateReasons)[number];

export interface AdmissionLimits {
  /** Sessions of all streams together. */
  readonly viewers: number;
  /** What all viewers together may be sent, bit/s; undefined: no limit. */
  readonly bitrateBps: number | undefined;
  /** 0..1 of the effective memory limit. */
  readonly memoryShare: number;
}

/** Of one stream, beside those of the host; undefined: no limit. */
export interface StreamLimits {
  readonly viewers: number | undefined;
  /** What all its viewers together may be sent, bit/s. */
  readonly bitrateBps: number | undefined;
}

/** What is sent to many, and its limit. */
export interface BitrateAccount {
  /** What all sessions count with: each the rate of the best rendition that it may see now (stream-rates.ts). */
  readonly sentBps: number;
  readonly limitBps: number | undefined;
  /** The last answer was no, and `BITRATE_AGAIN` has not been reached since. */
  readonly wasFull: boolean;
}

export interface AdmissionFacts {
  /** Sessions of the stream, those that are still connecting included. */
  readonly streamViewers: number;
  readonly maxStreamViewers: number | undefined;
  /** To its viewers. */
  readonly streamSent: BitrateAccount;
  /** Of the main rendition: what the new viewer may be sent. */
  readonly streamBitrateBps: number;
  readonly hostViewers: number;
  /** To all viewers. */
  readonly hostSent: BitrateAccount;
  /** Sessions without keys yet. */
  readonly connecting: number;
  /** The thread of this stream, or the one that answers HTTP, has no time left. */
  readonly isThreadBusy: boolean;
  readonly isMemoryFull: boolean;
}

/** Sessions that may be without keys at one time: each holds a DTLS context, and nobody has proven to be there. */
export const MAX_CONNECTING = 128;
/** Below this share of the limit, viewers are admitted again, and those who are there may go up. */
export const BITRATE_AGAIN = 0.95;

/** Whether so much more may be sent: to one more viewer, or to one that goes up to the main stream. */
export function fitsBitrate(
  moreBps: number,
  { sentBps, limitBps = Number.POSITIVE_INFINITY, wasFull }: BitrateAccount,
): boolean {
  return sentBps + moreBps <= limitBps * (wasFull ? BITRATE_AGAIN : 1);
}

/** The limit that one more viewer would exceed; undefined when it fits. The most specific one is named. */
export function overCapacity(
  facts: AdmissionFacts,
  limits: Pick<AdmissionLimits, 'viewers'>,
): OverCapacityReason | undefined {
  const { streamViewers, maxStreamViewers = Number.POSITIVE_INFINITY } = facts;
  if (streamViewers >= maxStreamViewers) return 'stream-viewers';
  if (!fitsBitrate(facts.streamBitrateBps, facts.streamSent)) return 'stream-bitrate';
  if (facts.hostViewers >= limits.viewers) return 'host-viewers';
  if (!fitsBitrate(facts.streamBitrateBps, facts.hostSent)) return 'host-bitrate';
  if (facts.connecting >= MAX_CONNECTING) return 'connecting';
  if (facts.isThreadBusy) return 'event-loop';
  if (facts.isMemoryFull) return 'memory';
  return undefined;
}

/** Seconds until the state may have changed, before jitter. */
const RETRY_SECONDS: Readonly<Record<OverCapacityReason, number>> = {
  'stream-viewers': 10,
  'stream-bitrate': 10,
  'host-viewers': 10,
  'host-bitrate': 10,
  connecting: 2,
  'event-loop': 5,
  memory: 30,
};

/** Between once and twice the base, so that those who were refused together do not come back together. */
export function retryAfterSeconds(reason: OverCapacityReason, random: () => number): number {
  return Math.ceil(RETRY_SECONDS[reason] * (1 + random()));
}

const SENTENCES: Readonly<Record<OverCapacityReason, string>> = {
  'stream-viewers': 'This stream has as many viewers as it may have.',
  'stream-bitrate': 'The viewers of this stream are sent as much as they may be sent.',
  'host-viewers': 'The relay has as many viewers as it may have.',
  'host-bitrate': 'The relay sends as much as it may send.',
  connecting: 'Too many viewers are connecting at the moment.',
  'event-loop': 'The relay has no computing time left.',
  memory: 'The relay has no memory left.',
};

export function overCapacitySentence(reason: OverCapacityReason): string {
  return SENTENCES[reason];
}
