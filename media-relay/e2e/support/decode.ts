/** Received RTP packets, put together again and decoded by somebody else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/media/clock.ts';
import { TrackReceiver } from '../../src/rtp/receiver.ts';

export interface ReceivedPicture {
  readonly nalTypes: readonly number[];
  readonly isBroken: boolean;
  /** With start codes. */
  readonly annexB: Buffer;
}

const startCode = Buffer.of(0, 0, 0, 1);

/**
 * Pictures from the RTP packets of one H.264 track, from the first packet on. Waits for a packet that is missing
 * as long as it takes: its owner may have asked for it again.
 */
export class PictureReceiver {
  readonly pictures: ReceivedPicture[] = [];
  /** By sequence number: those that came before their turn. */
  readonly #early = new Map<number, Uint8Array>();
  #next: number | undefined;
  readonly #receiver = new TrackReceiver({
    track: { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined },
    // In order, without holes.
    transport: 'tcp',
    clock: systemClock,
    localSsrc: 1,
    onTrack: () => undefined,
    onAccessUnit: ({ data, unitEnds, isBroken }) => {
      const units = unitEnds.map((end, i) => Buffer.from(data.subarray(unitEnds[i - 1] ?? 0, end)));
      this.pictures.push({
        nalTypes: units.map((unit) => (unit[0] ?? 0) & 0x1f),
        isBroken,
        annexB: Buffer.concat(units.flatMap((unit) => [startCode, unit])),
      });
    },
  });

  packet(rtp: Uint8Array): void {
    const sequence = ((rtp[2] ?? 0) << 8) | (rtp[3] ?? 0);
    let next = (this.#next ??= sequence);
    if (((sequence - next) & 0xffff) < 0x8000) this.#early.set(sequence, rtp.slice());
    for (;;) {
      const packet = this.#early.get(next);
      if (packet === undefined) break;
      this.#early.delete(next);
      this.#receiver.packet(packet, 0, packet.length, systemClock());
      next = (next + 1) & 0xffff;
    }
    this.#next = next;
  }
}

export interface Decoded {
  readonly pictures: number;
  /** What the decoder complained of; empty when all is well. */
  readonly complaints: string;
}

/** Decodes H.264 with ffmpeg. */
export async function decode(pictures: readonly ReceivedPicture[]): Promise<Decoded> {
  const args = '-v warning -xerror -err_detect explode -f h264 -i pipe:0 -f framecrc -'.split(' ');
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // It hangs up when it gives up; its words say why.
  ffmpeg.stdin.on('error', () => undefined);
  ffmpeg.stdin.end(Buffer.concat(pictures.map(({ annexB }) => annexB)));
  const [frames, complaints] = await Promise.all([
    text(ffmpeg.stdout),
    text(ffmpeg.stderr),
    once(ffmpeg, 'close'),
  ]);
  const decoded = frames.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { pictures: decoded.length, complaints };
}
