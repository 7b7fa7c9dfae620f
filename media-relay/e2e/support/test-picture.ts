/** A moving test picture as live H.264 in RTP packets, made by ffmpeg. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface TestPicture extends AsyncDisposable {
  /** Called with every RTP packet until the signal aborts. */
  subscribe(onPacket: (packet: Buffer) => void, signal: AbortSignal): void;
}

export interface TestPictureOptions {
  /** An ffmpeg lavfi source without size and rate. */
  readonly source?: string;
  readonly width?: number;
  readonly height?: number;
  readonly framesPerSecond?: number;
}

export async function testPicture(options: TestPictureOptions = {}): Promise<TestPicture> {
  const { source = 'testsrc2', width = 640, height = 360, framesPerSecond = 30 } = options;
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const subscribers = new Set<(packet: Buffer) => void>();
  socket.on('message', (packet) => {
    for (const onPacket of subscribers) onPacket(packet);
  });
  const input = `${source}=size=${width}x${height}:rate=${framesPerSecond}`;
  const output = `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`;
  const coder = `-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -b:v 1M -g 15`;
  const ffmpeg = spawn(
    'ffmpeg',
    ['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', input, ...coder.split(' '), '-f', 'rtp', output],
    { stdio: 'ignore' },
  );
  const ended = once(ffmpeg, 'exit');
  return {
    subscribe: (onPacket, signal) => {
      subscribers.add(onPacket);
      signal.addEventListener('abort', () => subscribers.delete(onPacket), { once: true });
    },
    [Symbol.asyncDispose]: async () => {
      ffmpeg.kill('SIGKILL');
      await ended;
      socket.close();
    },
  };
}
