// For tests: a camera on a real loopback socket that answers as its script says, lies included.

import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { RtspRequest } from './message.ts';
import { RtspParser } from './parser.ts';

/** Answers one request; what it does not handle goes to `wellBehaved`. True when it did. */
export type Script = (request: RtspRequest, link: CameraLink) => boolean;

export interface CameraLink {
  /** Connections before this one. */
  readonly index: number;
  write(data: string | Uint8Array): void;
  reply(request: RtspRequest, status: number, headers?: readonly string[], body?: string): void;
  /** One picture as RTP packets, framed for interleaved channel 0. */
  picture(options?: PictureOptions): void;
  hangUp(): void;
}

export interface PictureOptions {
  readonly parameterSets?: readonly [sps: string, pps: string];
  readonly isKey?: boolean;
}

export interface FakeCamera {
  readonly port: number;
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
    readonly transport: string | undefined;
  }[];
  /** Interleaved frames from the relay: channel and bytes. */
  readonly frames: { readonly channel: number; readonly bytes: Uint8Array }[];
  openLinks(): number;
  close(): Promise<void>;
}

/** x264, Baseline: 320x240 and 640x360. */
export const small = ['Z0LADdkBQfsBEAAAAwAQAAADAyDxQqSA', 'aMuDyyA='] as const;
export const large = ['Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==', 'aMuDyyA='] as const;

export const videoSdp =
  'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n';

export async function fakeCamera(
  script: Script = () => false,
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<FakeCamera> {
  const requests: FakeCamera['requests'] = [];
  const frames: FakeCamera['frames'] = [];
  const sockets = new Set<Socket>();
  let links = 0;
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const link = cameraLink(socket, links++);
    const parser = new RtspParser({
      onInterleaved: (channel, buffer, start, end) =>
        frames.push({ channel, bytes: buffer.slice(start, end) }),
      onResponse: () => undefined,
      onRequest(request) {
        const [authorization, transport] = ['authorization', 'transport'].map((name) =>
          request.headers.get(name),
        );
        requests.push({ method: request.method, url: request.url, authorization, transport });
        if (!script(request, link)) wellBehaved(request, link);
      },
    });
    socket.on('data', (data) => {
      try {
        parser.push(data, 0, data.length);
      } catch {
        socket.destroy();
      }
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    frames,
    openLinks: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Accepts TCP and UDP, answers everything, and sends three pictures over TCP with the answer to PLAY. */
export function wellBehaved(request: RtspRequest, link: CameraLink): void {
  switch (request.method) {
    case 'OPTIONS':
      return link.reply(request, 200, ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER']);
    case 'DESCRIBE':
      return link.reply(
        request,
        200,
        [`Content-Base: ${request.url}/`, 'Content-Type: application/sdp'],
        videoSdp,
      );
    case 'SETUP':
      return link.reply(request, 200, [
        'Session: 4711;timeout=60',
        `Transport: ${request.headers.get('transport')}`,
      ]);
    case 'PLAY':
      link.reply(request, 200, ['Session: 4711']);
      for (let i = 0; i < 3; i++) link.picture({ isKey: i === 0 });
      return undefined;
    default:
      return link.reply(request, 200);
  }
}

function cameraLink(socket: Socket, index: number): CameraLink {
  const pictures = pictureMaker();
  return {
    index,
    write: (data) => void socket.write(data),
    reply(request, status, headers = [], body = '') {
      const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      const lines = [
        `RTSP/1.0 ${status} Text`,
        `CSeq: ${request.headers.get('cseq')}`,
        ...headers,
        ...length,
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    },
    picture(options) {
      for (const packet of pictures(options)) socket.write(interleaved(0, packet));
    },
    hangUp: () => void socket.end(),
  };
}

/** Makes the RTP packets of one picture after another, 40 ms apart. */
export function pictureMaker(): (options?: PictureOptions) => Uint8Array[] {
  let sequence = 65_530;
  let timestamp = 4_294_960_000;
  return ({ parameterSets = small, isKey = true } = {}) => {
    const slice = new Uint8Array(600).fill(0x55);
    slice.set(isKey ? [0x65, 0x88] : [0x41, 0x9a]);
    const units = isKey ? [...parameterSets.map((text) => Buffer.from(text, 'base64')), slice] : [slice];
    timestamp = (timestamp + 3600) % 2 ** 32;
    return units.map((unit, i) =>
      rtp((sequence = (sequence + 1) & 0xffff), timestamp, unit, i === units.length - 1),
    );
  };
}

function rtp(sequence: number, timestamp: number, payload: Uint8Array, marker: boolean): Uint8Array {
  const packet = new Uint8Array(12 + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (marker ? 0x80 : 0) | 96);
  view.setUint16(2, sequence);
  view.setUint32(4, timestamp);
  view.setUint32(8, 0x11223344);
  packet.set(payload, 12);
  return packet;
}

export function interleaved(channel: number, packet: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

/** Sends datagrams to `port` from a port of its own. */
export async function sendUdp(
  packets: readonly Uint8Array[],
  port: number,
  fromAddress = '127.0.0.1',
): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, fromAddress, resolve));
  for (const packet of packets) {
    await new Promise<void>((resolve) => socket.send(packet, port, '127.0.0.1', () => resolve()));
  }
  socket.close();
}
