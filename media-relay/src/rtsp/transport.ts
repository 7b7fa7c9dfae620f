// The Transport header, RFC 2326 section 12.39. Not implemented: multicast, mode=record, append.

import { excerpt, ProtocolError } from '../media/protocol-error.ts';

export type TransportRequest =
  | { readonly lower: 'tcp'; readonly channels: readonly [rtp: number, rtcp: number] }
  | { readonly lower: 'udp'; readonly clientPorts: readonly [rtp: number, rtcp: number] };

export interface TransportAnswer {
  readonly lower: 'tcp' | 'udp';
  readonly isMulticast: boolean;
  readonly channels: readonly [rtp: number, rtcp: number] | undefined;
  readonly clientPorts: readonly [rtp: number, rtcp: number] | undefined;
  readonly serverPorts: readonly [rtp: number, rtcp: number] | undefined;
  /** Host from which the media come, as written. */
  readonly source: string | undefined;
  /** Undefined when absent or not a hexadecimal 32-bit number. */
  readonly ssrc: number | undefined;
}

const maxCandidates = 16;
const maxPort = 65_535;
const maxChannel = 255;

export function formatTransport(request: TransportRequest): string {
  return request.lower === 'tcp'
    ? `RTP/AVP/TCP;unicast;interleaved=${request.channels.join('-')}`
    : `RTP/AVP;unicast;client_port=${request.clientPorts.join('-')}`;
}

/** All candidates of one header value, in order; at least one. Throws `ProtocolError`. */
export function parseTransport(value: string): TransportAnswer[] {
  const candidates = splitOutsideQuotes(value, ',').filter((candidate) => candidate.trim() !== '');
  if (candidates.length === 0 || candidates.length > maxCandidates) throw bad(value);
  return candidates.map(parseCandidate);
}

function parseCandidate(candidate: string): TransportAnswer {
  const [specification = '', ...rest] = splitOutsideQuotes(candidate, ';').map((part) => part.trim());
  const lower = /^RTP\/S?AVPF?(?:\/(TCP|UDP))?$/i.exec(specification);
  if (lower === null) throw bad(candidate);
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    parameters.set(name, equals === -1 ? '' : unquote(part.slice(equals + 1).trim()));
  }
  const ssrc = parameters.get('ssrc');
  return {
    lower: lower[1]?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    isMulticast: parameters.has('multicast'),
    channels: parsePair(parameters.get('interleaved'), maxChannel),
    clientPorts: parsePair(parameters.get('client_port'), maxPort),
    serverPorts: parsePair(parameters.get('server_port'), maxPort),
    source: parameters.get('source'),
    ssrc: ssrc !== undefined && /^[0-9a-f]{1,8}$/i.test(ssrc) ? Number.parseInt(ssrc, 16) : undefined,
  };
}

/** "4-5", or "4" for the pair that starts there. */
function parsePair(value: string | undefined, limit: number): readonly [number, number] | undefined {
  if (value === undefined || value === '') return undefined;
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(value);
  const first = Number(match?.[1]);
  const second = match?.[2] === undefined ? first + 1 : Number(match[2]);
  if (match === null || first > limit || second > limit) throw bad(value);
  return [first, second];
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function bad(value: string): ProtocolError {
  return new ProtocolError('RTSP_BAD_TRANSPORT', `Transport "${excerpt(value)}"`);
}
