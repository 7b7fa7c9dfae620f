// Session descriptions as cameras answer DESCRIBE: a subset of RFC 8866 with RFC 2326 appendix C.1.
// Not implemented: connection and timing lines, bandwidth, key management (SRTP), grouping, multicast.

import { excerpt, ProtocolError } from '../media/protocol-error.ts';

export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface SdpFormat {
  readonly payloadType: number;
  /** As written: "H264", "pcmu". Empty for a dynamic payload type without rtpmap. */
  readonly encodingName: string;
  /** Ticks per second; 0 when not said. */
  readonly clockRate: number;
  readonly channels: number;
  /** Format parameters; names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface SdpMedia {
  /** "video", "audio", "application", in lower case. */
  readonly kind: string;
  readonly formats: readonly SdpFormat[];
  readonly control: string | undefined;
  /** As written in this media section itself; undefined when it does not say. */
  readonly direction: SdpDirection | undefined;
}

export interface SessionDescription {
  readonly control: string | undefined;
  /** `a=range` of the session, e.g. "npt=now-". */
  readonly range: string | undefined;
  readonly media: readonly SdpMedia[];
}

/** Real ones have a few kB; every line of a section is looked at once for each of its formats. */
const maxLength = 64 * 1024;
const maxMediaSections = 64;
const maxFormats = 64;
const directions: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** RFC 3551 table 4, the two that cameras use without saying so. */
const staticFormats: ReadonlyMap<number, { encodingName: string; clockRate: number }> = new Map([
  [0, { encodingName: 'PCMU', clockRate: 8000 }],
  [8, { encodingName: 'PCMA', clockRate: 8000 }],
]);

interface Section {
  readonly kind: string;
  readonly payloadTypes: readonly number[];
  readonly attributes: [name: string, value: string][];
}

/** Lines that it does not know are skipped; a media, rtpmap or fmtp line that does not parse is a `ProtocolError`. */
export function parseSdp(text: string): SessionDescription {
  if (text.length > maxLength) {
    throw new ProtocolError(
      'SDP_TOO_LONG',
      `session description of ${text.length} characters, at most ${maxLength}`,
    );
  }
  const session: [string, string][] = [];
  const sections: Section[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (/^m=/i.test(line)) {
      if (sections.length === maxMediaSections) {
        throw new ProtocolError('SDP_TOO_MANY_MEDIA', `more than ${maxMediaSections} media sections`);
      }
      sections.push(parseMediaLine(line));
    } else if (/^a=/i.test(line)) {
      (sections.at(-1)?.attributes ?? session).push(splitAttribute(line));
    }
  }
  return {
    control: attribute(session, 'control'),
    range: attribute(session, 'range'),
    media: sections.map(describeSection),
  };
}

function parseMediaLine(line: string): Section {
  const match = /^m=\s*([a-z0-9-]+)\s+(\d{1,5})(?:\/\d{1,5})?\s+(\S+)/i.exec(line);
  if (match === null) throw new ProtocolError('SDP_BAD_MEDIA', `media line "${excerpt(line)}"`);
  const payloadTypes: number[] = [];
  for (const word of line.slice(match[0].length).trim().split(/\s+/)) {
    // Other profiles than RTP list names here; such a section has no RTP formats.
    if (/^\d{1,3}$/.test(word) && Number(word) < 128) payloadTypes.push(Number(word));
  }
  if (payloadTypes.length > maxFormats) {
    throw new ProtocolError('SDP_TOO_MANY_FORMATS', `more than ${maxFormats} formats in a media line`);
  }
  return { kind: (match[1] ?? '').toLowerCase(), payloadTypes, attributes: [] };
}

function splitAttribute(line: string): [string, string] {
  const text = line.slice(2).trim();
  const colon = text.indexOf(':');
  return colon === -1
    ? [text.toLowerCase(), '']
    : [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function attribute(attributes: readonly (readonly [string, string])[], name: string): string | undefined {
  const value = attributes.find(([key]) => key === name)?.[1];
  return value === '' ? undefined : value;
}

function describeSection(section: Section): SdpMedia {
  const direction = section.attributes.find(([name]) => directions.has(name))?.[0];
  return {
    kind: section.kind,
    formats: section.payloadTypes.map((payloadType) => describeFormat(payloadType, section)),
    control: attribute(section.attributes, 'control'),
    direction: direction as SdpDirection | undefined,
  };
}

function describeFormat(payloadType: number, { kind, attributes }: Section): SdpFormat {
  const fallback = staticFormats.get(payloadType);
  let encodingName = fallback?.encodingName ?? '';
  let clockRate = fallback?.clockRate ?? 0;
  let channels = 1;
  let parameters: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of attributes) {
    if (name !== 'rtpmap' && name !== 'fmtp') continue;
    const match = /^(\d{1,3})(?!\S)/.exec(value);
    if (match === null) throw new ProtocolError('SDP_BAD_FORMAT', `a=${name}:${excerpt(value)}`);
    if (Number(match[1]) !== payloadType) continue;
    const rest = value.slice(match[0].length).trim();
    if (name === 'fmtp') {
      parameters = parseParameters(rest);
      continue;
    }
    const map = /^([^\s/]+)\s*(?:\/\s*(\d{1,9})\s*)?(?:\/\s*(\d{1,3}))?$/.exec(rest);
    if (map === null) throw new ProtocolError('SDP_BAD_FORMAT', `a=rtpmap:${excerpt(value)}`);
    encodingName = map[1] ?? '';
    clockRate = map[2] === undefined ? (fallback?.clockRate ?? 0) : Number(map[2]);
    if (kind === 'audio' && map[3] !== undefined) channels = Math.max(1, Number(map[3]));
  }
  return { payloadType, encodingName, clockRate, channels, parameters };
}

function parseParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '') parameters.set(name, equals === -1 ? '' : part.slice(equals + 1).trim());
  }
  return parameters;
}
