/** RTSP cameras on loopback that replay a clip over TCP: one write per picture, each camera by a clock of its own. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { ProtocolError } from '../media/protocol-error.ts';
import { formatResponse, type HeaderFields, type RtspRequest } from '../rtsp/message.ts';
import { RtspParser } from '../rtsp/parser.ts';
import { clipPayloadType, type Clip } from './clip.ts';

export interface Cameras {
  /** Of the camera of that number; any number of them exist. */
  url(clip: number, index: number): string;
  close(): Promise<void>;
}

/** More than this in a socket: the relay does not read. */
const maxWaitingBytes = 4 * 2 ** 20;

export async function openCameras(clips: readonly Clip[]): Promise<Cameras> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, clips, () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: (clip, index) => `rtsp://127.0.0.1:${port}/${clip}/${index}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: Socket, clips: readonly Clip[], onClose: () => void): void {
  let stop = (): void => undefined;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.once('close', () => {
    stop();
    onClose();
  });
  const answer = (request: RtspRequest, status: number, headers: HeaderFields = [], body = ''): void => {
    const cseq: HeaderFields = [['CSeq', request.headers.get('cseq') ?? '0']];
    const length: HeaderFields = body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
    socket.write(
      formatResponse(status, status === 200 ? 'OK' : 'No', [...cseq, ...headers, ...length]) + body,
    );
  };
  const parser = new RtspParser({
    onInterleaved: () => undefined,
    onResponse: () => undefined,
    onRequest(request) {
      const [, which = ''] = /^rtsp:\/\/[^/]+\/(\d+)\//.exec(request.url) ?? [];
      const clip = clips[Number(which)];
      if (clip === undefined) return answer(request, 404);
      switch (request.method) {
        case 'OPTIONS':
          return answer(request, 200, [
            ['Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER'],
          ]);
        case 'DESCRIBE':
          return answer(
            request,
            200,
            [
              ['Content-Base', `${request.url}/`],
              ['Content-Type', 'application/sdp'],
            ],
            describe(clip),
          );
        case 'SETUP':
          return answer(request, 200, [
            ['Session', '1;timeout=60'],
            ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1'],
          ]);
        case 'PLAY':
          answer(request, 200, [['Session', '1']]);
          stop();
          stop = play(socket, clip);
          return undefined;
        default:
          return answer(request, 200, [['Session', '1']]);
      }
    },
  });
  socket.on('data', (data) => {
    try {
      parser.push(data, 0, data.length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      socket.destroy();
    }
  });
}

function describe({ profileLevelId }: Clip): string {
  return [
    'v=0',
    'o=- 0 0 IN IP4 127.0.0.1',
    's=capacity',
    't=0 0',
    `m=video 0 RTP/AVP ${clipPayloadType}`,
    `a=rtpmap:${clipPayloadType} H264/90000`,
    `a=fmtp:${clipPayloadType} packetization-mode=1;profile-level-id=${profileLevelId}`,
    'a=control:video',
    '',
  ].join('\r\n');
}

/** Begins now and goes on until the function that it returns is called. */
function play(socket: Socket, { pictures, framesPerSecond }: Clip): () => void {
  const startMs = performance.now();
  let frame = 0;
  let sequence = 0;
  const dueMs = (index: number): number => startMs + (index * 1000) / framesPerSecond;
  const send = (): void => {
    const picture = pictures[frame % pictures.length];
    if (picture === undefined || socket.writableLength > maxWaitingBytes) return;
    const timestamp = Math.round((frame * 90_000) / framesPerSecond) >>> 0;
    const frames = Buffer.from(picture.frames);
    for (const at of picture.packetsAt) {
      sequence = (sequence + 1) & 0xffff;
      frames.writeUInt16BE(sequence, at + 2);
      frames.writeUInt32BE(timestamp, at + 4);
      frames.writeUInt32BE(0x5151_5151, at + 8);
    }
    socket.write(frames);
  };
  const tick = (): void => {
    // All that are due: a camera does not leave pictures out because this process was late.
    for (; dueMs(frame) <= performance.now(); frame++) send();
    timer = setTimeout(tick, Math.max(1, dueMs(frame) - performance.now()));
  };
  let timer = setTimeout(tick, 0);
  return () => clearTimeout(timer);
}
