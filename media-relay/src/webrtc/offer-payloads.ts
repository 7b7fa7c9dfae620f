// The payload types of one RTP section: rtpmap and fmtp (RFC 8866 6.6, 6.15), rtcp-fb (RFC 4585 4.2), RTX (RFC 4588 8.1).
import { isProfileLevelId } from './h264-profile.ts';
import { parseInteger, sdpError, type SdpAttribute } from './sdp.ts';

export interface OfferedPayload {
  readonly payloadType: number;
  /** Encoding name in lower case: "h264", "rtx", "opus". */
  readonly codec: string;
  /** As written, for messages: "H264". */
  readonly encodingName: string;
  readonly clockRate: number;
  readonly channels: number;
  /** Format parameters by lower-case name; one without "=" has an empty value. */
  readonly parameters: ReadonlyMap<string, string>;
  /** "nack", "nack pli", "ccm fir", "goog-remb", "transport-cc" ... as written. */
  readonly feedback: readonly string[];
  /** The payload type that repairs this one. */
  readonly rtxPayloadType: number | undefined;
}

interface Draft {
  encodingName: string;
  clockRate: number;
  channels: number;
  readonly parameters: Map<string, string>;
  readonly feedback: string[];
}

/** RFC 3551: what may come without an rtpmap. */
const staticPayloads: ReadonlyMap<number, readonly [encodingName: string, clockRate: number]> = new Map([
  [0, ['PCMU', 8000] as const],
  [8, ['PCMA', 8000] as const],
  [9, ['G722', 8000] as const],
  [13, ['CN', 8000] as const],
]);

/** Payload types listed in m= in that order; those without rtpmap or a static meaning are left out. */
export function parsePayloads(
  line: number,
  kind: string,
  formats: readonly string[],
  attributes: readonly SdpAttribute[],
): OfferedPayload[] {
  const drafts = new Map<number, Draft>();
  for (const format of formats) {
    const payloadType = parseInteger(format, 0, 127);
    if (payloadType === undefined) throw sdpError('SDP_BAD_PAYLOAD_TYPE', line, 'payload type in m=', format);
    if (drafts.has(payloadType)) {
      throw sdpError('SDP_DUPLICATE_PAYLOAD_TYPE', line, 'payload type twice in m=', format);
    }
    const [encodingName, clockRate] = staticPayloads.get(payloadType) ?? ['', 0];
    drafts.set(payloadType, { encodingName, clockRate, channels: 1, parameters: new Map(), feedback: [] });
  }
  const mapped = new Set<number>();
  for (const attribute of attributes) {
    if (attribute.name === 'rtpmap') readRtpmap(attribute, drafts, mapped);
    if (attribute.name === 'fmtp') readFmtp(attribute, drafts);
    if (attribute.name === 'rtcp-fb') readFeedback(attribute, drafts);
  }
  if (kind === 'video') checkH264(attributes, drafts);
  return finish(drafts);
}

function finish(drafts: ReadonlyMap<number, Draft>): OfferedPayload[] {
  const rtxOf = new Map<number, number>();
  for (const [payloadType, { encodingName, parameters }] of drafts) {
    const repaired = parseInteger(parameters.get('apt'), 0, 127);
    if (encodingName.toLowerCase() !== 'rtx' || repaired === undefined) continue;
    if (!rtxOf.has(repaired)) rtxOf.set(repaired, payloadType);
  }
  const payloads: OfferedPayload[] = [];
  for (const [payloadType, draft] of drafts) {
    if (draft.encodingName === '') continue;
    const codec = draft.encodingName.toLowerCase();
    payloads.push({ ...draft, payloadType, codec, rtxPayloadType: rtxOf.get(payloadType) });
  }
  return payloads;
}

function readRtpmap(
  { line, value }: SdpAttribute,
  drafts: ReadonlyMap<number, Draft>,
  mapped: Set<number>,
): void {
  const match = /^(\d{1,3}) ([\w.+-]{1,64})\/(\d{1,9})(?:\/(\d{1,2}))?$/.exec(value.trimEnd());
  const payloadType = parseInteger(match?.[1], 0, 127);
  const clockRate = parseInteger(match?.[3], 1, 999_999_999);
  const channels = parseInteger(match?.[4] ?? '1', 1, 99);
  const encodingName = match?.[2];
  if (payloadType === undefined || clockRate === undefined || !encodingName || channels === undefined) {
    throw sdpError('SDP_BAD_RTPMAP', line, 'a=rtpmap', value);
  }
  if (mapped.has(payloadType)) throw sdpError('SDP_DUPLICATE_RTPMAP', line, 'a=rtpmap a second time', value);
  mapped.add(payloadType);
  const draft = drafts.get(payloadType);
  if (draft) Object.assign(draft, { encodingName, clockRate, channels });
}

function readFmtp({ line, value }: SdpAttribute, drafts: ReadonlyMap<number, Draft>): void {
  const match = /^(\d{1,3}) (.+)$/.exec(value);
  const payloadType = parseInteger(match?.[1], 0, 127);
  if (payloadType === undefined) throw sdpError('SDP_BAD_FMTP', line, 'a=fmtp', value);
  const parameters = drafts.get(payloadType)?.parameters;
  for (const part of match?.[2]?.split(';') ?? []) {
    const [name = '', ...rest] = part.trim().split('=');
    if (name !== '') parameters?.set(name.trim().toLowerCase(), rest.join('=').trim());
  }
}

function readFeedback({ line, value }: SdpAttribute, drafts: ReadonlyMap<number, Draft>): void {
  const match = /^(\*|\d{1,3}) ([!-~]+(?: [!-~]+)*) *$/.exec(value);
  const feedback = match?.[2];
  const payloadType = match?.[1] === '*' ? '*' : parseInteger(match?.[1], 0, 127);
  if (payloadType === undefined || feedback === undefined) {
    throw sdpError('SDP_BAD_RTCP_FB', line, 'a=rtcp-fb', value);
  }
  const targets = payloadType === '*' ? [...drafts.values()] : [drafts.get(payloadType)];
  for (const target of targets) target?.feedback.push(feedback);
}

function checkH264(attributes: readonly SdpAttribute[], drafts: ReadonlyMap<number, Draft>): void {
  for (const [payloadType, { encodingName, parameters }] of drafts) {
    const profileLevelId = parameters.get('profile-level-id');
    if (encodingName.toLowerCase() !== 'h264' || profileLevelId === undefined) continue;
    if (isProfileLevelId(profileLevelId)) continue;
    const fmtp = attributes.find(({ name, value }) => name === 'fmtp' && value.startsWith(`${payloadType} `));
    throw sdpError(
      'SDP_BAD_PROFILE_LEVEL_ID',
      fmtp?.line ?? 0,
      'profile-level-id needs 6 hex digits',
      profileLevelId,
    );
  }
}
