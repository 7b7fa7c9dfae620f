/** SDP of the sink's sessions (RFC 8866, RFC 9429): just what a relay needs from a browser's offer. */

export interface LocalTransport {
  readonly ufrag: string;
  readonly pwd: string;
  readonly port: number;
  /** SHA-256 of the sink's certificate, colon-separated. */
  readonly fingerprint: string;
}

export interface RemoteTransport {
  readonly ip: string;
  readonly port: number;
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** Payload type of resends (RFC 4588), 0 when none was agreed on. */
  readonly rtxPayloadType: number;
  /** It begins the handshake. */
  readonly isDtlsClient: boolean;
}

const h264 = (profileLevelId: string): string =>
  `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}`;

/** Chromium's order and identifiers, without what concerns no server. */
const codecs = [
  { payloadType: 103, rtx: 104, fmtp: h264('42001f') },
  { payloadType: 109, rtx: 114, fmtp: h264('42e01f') },
  { payloadType: 117, rtx: 118, fmtp: h264('4d001f') },
  { payloadType: 123, rtx: 124, fmtp: h264('64001f') },
];

function transportLines(local: LocalTransport, setup: string): string[] {
  return [
    'c=IN IP4 0.0.0.0',
    'a=rtcp-mux',
    `a=ice-ufrag:${local.ufrag}`,
    `a=ice-pwd:${local.pwd}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${local.fingerprint}`,
    `a=setup:${setup}`,
    `a=candidate:1 1 udp 2113937151 127.0.0.1 ${local.port} typ host`,
  ];
}

const sessionLines = (mid: string): string[] => [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  `a=group:BUNDLE ${mid}`,
  'a=msid-semantic: WMS',
];

/** `transportCc`: every packet is numbered and reported on, as browsers want it. */
export function offerSdp(local: LocalTransport, transportCc = true): string {
  const types = codecs.flatMap((codec) => [codec.payloadType, codec.rtx]).join(' ');
  const lines = [
    ...sessionLines('0'),
    // As a page's offers from its second one on.
    'a=x-srtp:AEAD_AES_128_GCM',
    `m=video 9 UDP/TLS/RTP/SAVPF ${types}`,
    ...transportLines(local, 'actpass'),
    'a=mid:0',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'a=recvonly',
    'a=rtcp-rsize',
    ...codecs.flatMap(({ payloadType, rtx, fmtp }) => [
      `a=rtpmap:${payloadType} H264/90000`,
      ...['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli']
        .filter((value) => transportCc || value !== 'transport-cc')
        .map((value) => `a=rtcp-fb:${payloadType} ${value}`),
      `a=fmtp:${payloadType} ${fmtp}`,
      `a=rtpmap:${rtx} rtx/90000`,
      `a=fmtp:${rtx} apt=${payloadType}`,
    ]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** An answer that takes the offered H.264 as it is, for servers that make the offer. */
export function answerSdp(offer: string, local: LocalTransport): string {
  const mid = /^a=mid:(\S+)/m.exec(offer)?.[1] ?? '0';
  const type = /^a=rtpmap:(\d+) H264\/90000/im.exec(offer)?.[1];
  if (type === undefined) throw new Error('the offer has no H.264');
  const fmtp = new RegExp(`^a=fmtp:${type} .*$`, 'm').exec(offer)?.[0].trimEnd();
  const lines = [
    ...sessionLines(mid),
    `m=video 9 UDP/TLS/RTP/SAVPF ${type}`,
    ...transportLines(local, 'active'),
    `a=mid:${mid}`,
    'a=recvonly',
    `a=rtpmap:${type} H264/90000`,
    ...['nack', 'nack pli'].map((value) => `a=rtcp-fb:${type} ${value}`),
    ...(fmtp === undefined ? [] : [fmtp]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What the sink must know of the other side. A loopback candidate is taken when there is one. */
export function parseRemote(sdp: string): RemoteTransport {
  const field = (pattern: RegExp): string => {
    const value = pattern.exec(sdp)?.[1];
    if (value === undefined) throw new Error(`the SDP lacks ${pattern.source}:\n${sdp}`);
    return value;
  };
  const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/gim)];
  const chosen = candidates.find((match) => match[1]?.startsWith('127.')) ?? candidates[0];
  if (!chosen) throw new Error(`the SDP has no IPv4 UDP candidate:\n${sdp}`);
  return {
    ip: chosen[1] ?? '',
    port: Number(chosen[2]),
    ufrag: field(/^a=ice-ufrag:(\S+)/m),
    pwd: field(/^a=ice-pwd:(\S+)/m),
    fingerprint: field(/^a=fingerprint:sha-256 (\S+)/im),
    rtxPayloadType: Number(/^a=rtpmap:(\d+) rtx\/90000/im.exec(sdp)?.[1] ?? 0),
    isDtlsClient: /^a=setup:active/m.test(sdp),
  };
}
