// JSEP (RFC 9429) 5.3: the answer as text. ICE-lite (RFC 8839 5.3), DTLS (RFC 8842), BUNDLE (RFC 9143),
// ssrc and FID lines (RFC 5576), msid (RFC 8830). Transport attributes stand in every accepted section although the
// tagged one would do: players exist that read them only there.
import { candidateLines, type Candidate } from './addresses.ts';
import type { DtlsRole } from './dtls.ts';
import type { IceCredentials } from './ice-credentials.ts';
import type { AcceptedSection, AnswerSection, ChosenPayload, Negotiation } from './negotiation.ts';

/** Our side of the session. */
export interface AnswerFacts {
  /** Decimal digits that fit a signed 64-bit number (RFC 8866 5.2). */
  readonly sessionId: string;
  readonly ice: IceCredentials;
  /** SHA-256 of our certificate, "AB:CD:...". */
  readonly fingerprint: string;
  /** RTCP CNAME, also the id of the media stream that the player sees. */
  readonly cname: string;
  readonly videoSsrc: number;
  /** Goes unused when no RTX is negotiated, as `audioSsrc` does without audio. */
  readonly videoRtxSsrc: number;
  readonly audioSsrc: number;
  /** Best first. */
  readonly candidates: readonly Candidate[];
}

export function writeAnswer(negotiation: Negotiation, facts: AnswerFacts): string {
  const lines = [
    'v=0',
    `o=- ${facts.sessionId} 1 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=ice-options:ice2 trickle',
    ...(negotiation.bundle.length > 0 ? [`a=group:BUNDLE ${negotiation.bundle.join(' ')}`] : []),
    `a=msid-semantic:WMS ${facts.cname}`,
    ...negotiation.sections.flatMap((section) => sectionLines(section, negotiation.dtlsRole, facts)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function sectionLines(section: AnswerSection, dtlsRole: DtlsRole, facts: AnswerFacts): string[] {
  if (section.accepted) return acceptedLines(section, dtlsRole, facts);
  return [
    `m=${section.kind} 0 ${section.protocol} ${section.format}`,
    'c=IN IP4 0.0.0.0',
    ...midLine(section.mid),
    'a=inactive',
  ];
}

function acceptedLines(section: AcceptedSection, dtlsRole: DtlsRole, facts: AnswerFacts): string[] {
  const [best] = facts.candidates;
  const payloadTypes = section.payloads.flatMap(({ payloadType, rtxPayloadType }) =>
    rtxPayloadType === undefined ? [payloadType] : [payloadType, rtxPayloadType],
  );
  return [
    `m=${section.kind} ${best?.port ?? 9} ${section.protocol} ${payloadTypes.join(' ')}`,
    `c=IN ${best ? `IP${best.family} ${best.address}` : 'IP4 0.0.0.0'}`,
    ...midLine(section.mid),
    'a=sendonly',
    'a=rtcp-mux',
    ...(section.reducedSizeRtcp ? ['a=rtcp-rsize'] : []),
    `a=ice-ufrag:${facts.ice.ufrag}`,
    `a=ice-pwd:${facts.ice.pwd}`,
    `a=fingerprint:sha-256 ${facts.fingerprint}`,
    `a=setup:${dtlsRole === 'client' ? 'active' : 'passive'}`,
    ...section.extensions.map(
      ({ id, uri, direction }) => `a=extmap:${id}${direction ? `/${direction}` : ''} ${uri}`,
    ),
    ...section.payloads.flatMap(payloadLines),
    ...streamLines(section, facts),
    ...(section.isTagged ? [...candidateLines(facts.candidates), 'a=end-of-candidates'] : []),
  ];
}

function midLine(mid: string | undefined): string[] {
  return mid === undefined ? [] : [`a=mid:${mid}`];
}

function payloadLines(payload: ChosenPayload): string[] {
  const { payloadType, rtxPayloadType, encodingName, clockRate, channels, formatParameters } = payload;
  const mapping = `${encodingName}/${clockRate}${channels > 1 ? `/${channels}` : ''}`;
  return [
    `a=rtpmap:${payloadType} ${mapping}`,
    ...payload.feedback.map((feedback) => `a=rtcp-fb:${payloadType} ${feedback}`),
    ...(formatParameters === undefined ? [] : [`a=fmtp:${payloadType} ${formatParameters}`]),
    ...(rtxPayloadType === undefined
      ? []
      : [`a=rtpmap:${rtxPayloadType} rtx/${clockRate}`, `a=fmtp:${rtxPayloadType} apt=${payloadType}`]),
  ];
}

function streamLines({ kind, payloads }: AcceptedSection, facts: AnswerFacts): string[] {
  const msid = `a=msid:${facts.cname} ${kind}`;
  if (kind === 'audio') return [msid, `a=ssrc:${facts.audioSsrc} cname:${facts.cname}`];
  const lines = [msid];
  const hasRtx = payloads[0]?.rtxPayloadType !== undefined;
  if (hasRtx) lines.push(`a=ssrc-group:FID ${facts.videoSsrc} ${facts.videoRtxSsrc}`);
  lines.push(`a=ssrc:${facts.videoSsrc} cname:${facts.cname}`);
  if (hasRtx) lines.push(`a=ssrc:${facts.videoRtxSsrc} cname:${facts.cname}`);
  return lines;
}
