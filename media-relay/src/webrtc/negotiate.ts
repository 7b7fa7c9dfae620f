// Offer/answer (RFC 3264, JSEP RFC 9429 5.3, BUNDLE RFC 9143 7.3) for one stream: pure functions of plain data.
// One video section and at most one audio section in the same BUNDLE are accepted, everything else is rejected.
import type { ProtocolError } from '../media/protocol-error.ts';
import type { Direction, Offer, OfferedMedia } from './offer.ts';
import { defaultProfileLevelId } from './h264-profile.ts';
import { chooseAudio, chooseVideo, noCommonCodec } from './negotiate-codecs.ts';
import type {
  AcceptedSection,
  AnswerExtension,
  ChosenPayload,
  NegotiatedAudio,
  NegotiatedVideo,
  Negotiation,
  Refusal,
  RejectedSection,
  StreamMedia,
} from './negotiation.ts';

const playoutDelayUri = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
const transportCcUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const transportCcFeedback = 'transport-cc';

/** What to tell a player whose offer `parseOffer` threw at. */
export function malformedOffer(error: ProtocolError): Refusal {
  return { code: 'offer-malformed', message: `The offer cannot be read: ${error.message}` };
}

export function isRefusal(result: Negotiation | Refusal): result is Refusal {
  return 'code' in result;
}

/** One section and the payload types that are answered in it, the one in use first. */
interface Match {
  readonly media: OfferedMedia;
  readonly chosen: ChosenPayload;
  readonly payloads: readonly ChosenPayload[];
}

/** `canBeDtlsClient`: whether we can; the server we can be in any case. */
export function negotiate(
  offer: Offer,
  stream: StreamMedia,
  canBeDtlsClient: boolean,
): Negotiation | Refusal {
  if (!stream.video) return { code: 'stream-refused', message: 'The stream has no video.' };
  const { profileLevelId } = stream.video;
  const receiving = offer.media.filter((media) => media.kind === 'video' && canReceive(media));
  const [first] = receiving;
  if (!first) {
    return {
      code: 'offer-without-video',
      message: `The offer has no m=video section that wants to receive${offeredKinds(offer)}.`,
    };
  }
  const video = firstMatch(receiving, (media) => chooseVideo(media.payloads, profileLevelId));
  if (!video) return noCommonCodec(first.payloads, profileLevelId);
  const audio = matchAudio(offer, video.media, stream);

  const accepted = audio ? [video, audio] : [video];
  const tagged = taggedSection(
    offer,
    accepted.map(({ media }) => media),
  );
  const unmuxed = accepted.find(({ media }) => !media.rtcpMux);
  if (unmuxed) return malformed(unmuxed.media, 'a=rtcp-mux is missing; RTCP needs no port of its own here');
  const transport = negotiateTransport(offer, tagged ?? video.media, canBeDtlsClient);
  if ('code' in transport) return transport;
  return {
    sections: offer.media.map((media) => {
      const match = accepted.find((one) => one.media === media);
      return match ? accept(match, media === (tagged ?? video.media)) : reject(media);
    }),
    bundle: offer.bundle.filter((mid) => accepted.some(({ media }) => media.mid === mid)),
    ...transport,
    video: negotiatedVideo(video),
    audio: audio && stream.audio && negotiatedAudio(audio, stream.audio.codec),
  };
}

function firstMatch(
  sections: readonly OfferedMedia[],
  choose: (media: OfferedMedia) => readonly ChosenPayload[],
): Match | undefined {
  for (const media of sections) {
    const payloads = choose(media);
    const [chosen] = payloads;
    if (chosen) return { media, chosen, payloads };
  }
  return undefined;
}

function matchAudio(offer: Offer, video: OfferedMedia, stream: StreamMedia): Match | undefined {
  if (!isBundled(offer, video)) return undefined;
  const bundled = offer.media.filter(
    (media) => media.kind === 'audio' && canReceive(media) && isBundled(offer, media),
  );
  return firstMatch(bundled, (media) => chooseAudio(media.payloads, stream.audio));
}

function negotiatedVideo({ media, chosen }: Match): NegotiatedVideo {
  const transportCcId = transportCc(media, [chosen])?.id;
  const has = (feedback: string) => chosen.feedback.includes(feedback);
  return {
    mid: media.mid,
    payloadType: chosen.payloadType,
    rtxPayloadType: chosen.rtxPayloadType,
    profileLevelId: chosen.profileLevelId ?? defaultProfileLevelId,
    feedback: {
      nack: has('nack'),
      nackPli: has('nack pli'),
      ccmFir: has('ccm fir'),
      googRemb: has('goog-remb'),
      transportCc: transportCcId !== undefined,
    },
    playoutDelayId: extension(media, playoutDelayUri)?.id,
    transportCcId,
    reducedSizeRtcp: media.reducedSizeRtcp,
  };
}

function negotiatedAudio({ media, chosen }: Match, codec: NegotiatedAudio['codec']): NegotiatedAudio {
  return { mid: media.mid, payloadType: chosen.payloadType, codec, clockRate: chosen.clockRate };
}

function accept({ media, payloads }: Match, isTagged: boolean): AcceptedSection {
  const kind = media.kind === 'audio' ? 'audio' : 'video';
  const cc = kind === 'video' ? transportCc(media, payloads) : undefined;
  const playoutDelay = kind === 'video' ? extension(media, playoutDelayUri) : undefined;
  return {
    accepted: true,
    kind,
    protocol: media.protocol,
    mid: media.mid,
    reducedSizeRtcp: media.reducedSizeRtcp,
    payloads: cc ? payloads : payloads.map(withoutTransportCc),
    extensions: [cc, playoutDelay].filter((one) => one !== undefined).toSorted((a, b) => a.id - b.id),
    isTagged,
  };
}

function reject({ kind, protocol, mid, formats }: OfferedMedia): RejectedSection {
  return { accepted: false, kind, protocol, mid, format: formats[0] ?? '0' };
}

/**
 * One that we write: playout-delay and the transport-wide sequence number. The mid extension would cost bytes in each
 * packet and tell nothing: the answer declares every SSRC, and payload types differ between sections. Ids above 14 need
 * two-byte headers, which we do not write.
 */
function extension(media: OfferedMedia, wanted: string): AnswerExtension | undefined {
  const found = media.extensions.find(
    ({ uri, id, direction }) => uri === wanted && id <= 14 && receives(direction),
  );
  return (
    found && { id: found.id, uri: wanted, direction: found.direction === 'recvonly' ? 'sendonly' : undefined }
  );
}

/** The number in each packet and the feedback about it are of no use without each other. */
function transportCc(media: OfferedMedia, payloads: readonly ChosenPayload[]): AnswerExtension | undefined {
  const isReported = payloads[0]?.feedback.includes(transportCcFeedback) === true;
  return isReported ? extension(media, transportCcUri) : undefined;
}

function withoutTransportCc(payload: ChosenPayload): ChosenPayload {
  return { ...payload, feedback: payload.feedback.filter((one) => one !== transportCcFeedback) };
}

/** RFC 9143 7.3.1: the first accepted section of the offered group decides the transport. */
function taggedSection(offer: Offer, accepted: readonly OfferedMedia[]): OfferedMedia | undefined {
  for (const mid of offer.bundle) {
    const media = offer.media.find((one) => one.mid === mid);
    if (media && accepted.includes(media)) return media;
  }
  return undefined;
}

function negotiateTransport(
  offer: Offer,
  tagged: OfferedMedia,
  canBeDtlsClient: boolean,
): Pick<Negotiation, 'remote' | 'dtlsRole'> | Refusal {
  if (offer.iceLite) {
    return {
      code: 'offer-malformed',
      message: 'The offer says a=ice-lite; so does this relay, and one end has to connect.',
    };
  }
  const { transport } = tagged.bundleOnly ? (offeredTag(offer) ?? tagged) : tagged;
  const { iceUfrag, icePwd, fingerprint, setup } = transport;
  if (iceUfrag === undefined) return malformed(tagged, 'a=ice-ufrag is missing');
  if (icePwd === undefined) return malformed(tagged, 'a=ice-pwd is missing');
  if (fingerprint === undefined) return malformed(tagged, 'a=fingerprint is missing');
  if (setup !== 'actpass' && setup !== 'active') {
    return malformed(tagged, `a=setup:${setup} leaves no way to be the DTLS server; offer actpass or active`);
  }
  const isClient = canBeDtlsClient && setup === 'actpass' && offer.takesAesGcm;
  return { remote: { iceUfrag, icePwd, fingerprint }, dtlsRole: isClient ? 'client' : 'server' };
}

/** A bundle-only section has no transport of its own (RFC 9143 6): the group's first section has it. */
function offeredTag(offer: Offer): OfferedMedia | undefined {
  return offer.media.find(({ mid }) => mid !== undefined && mid === offer.bundle[0]);
}

function malformed({ line, kind }: OfferedMedia, what: string): Refusal {
  return {
    code: 'offer-malformed',
    message: `The offer cannot be answered: m=${kind} of line ${line}: ${what}.`,
  };
}

function canReceive({ port, bundleOnly, direction, protocol }: OfferedMedia): boolean {
  return receives(direction) && (port !== 0 || bundleOnly) && /RTP\/SAVPF?$/.test(protocol);
}

function receives(direction: Direction): boolean {
  return direction === 'recvonly' || direction === 'sendrecv';
}

function isBundled(offer: Offer, { mid }: OfferedMedia): boolean {
  return mid !== undefined && offer.bundle.includes(mid);
}

function offeredKinds(offer: Offer): string {
  const kinds = offer.media.map(({ kind, direction }) => `${kind} ${direction}`);
  return kinds.length === 0 ? '' : ` (it has ${kinds.slice(0, 8).join(', ')})`;
}
