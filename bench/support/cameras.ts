import { nativeProgram } from './native.ts';
import type { Picture, SentPicture } from './pictures.ts';
import { type RunningProcess, startProcess } from './process.ts';

export interface Cameras {
  /** One RTSP address per camera. */
  readonly urls: readonly string[];
  /** What each of them sends. */
  readonly sent: readonly SentPicture[];
  readonly pid: number;
  stop(): Promise<void>;
}

export interface CameraOptions {
  readonly picture: Picture;
  readonly cameras?: number;
  /** One write per RTP packet, as many cameras do, instead of one per frame. */
  readonly packetWrites?: boolean;
}

const ready = /^READY (\{.*\})$/;

interface Ready {
  readonly port: number;
  readonly frames: number;
  readonly startMs: number;
}

/** Cameras in a process of their own, so that their work is nobody else's CPU. */
export async function startCameras(options: CameraOptions): Promise<Cameras> {
  const { picture, cameras = 1 } = options;
  const args = ['--file', picture.path, '--fps', String(picture.fps), '--cameras', String(cameras)];
  if (options.packetWrites) args.push('--packet-writes');
  const process = await startProcess({ command: nativeProgram('camera'), args, ready });
  const said = readyOf(process);
  const urls = Array.from({ length: cameras }, (_, index) => `rtsp://127.0.0.1:${said.port}/cam${index}`);
  const sent = urls.map((_, index) => sentBy(index, cameras, picture, said));
  return { urls, sent, pid: process.pid, stop: () => process.stop() };
}

/** The same pictures as plain RTP (payload type 96) to a port on loopback, RTCP to the next one. */
export async function startRtpCamera(
  picture: Picture,
  toPort: number,
  maxPayload: number,
): Promise<{ readonly sent: SentPicture; stop(): Promise<void> }> {
  const target = ['--rtp-to', `127.0.0.1:${toPort}`, '--max-payload', String(maxPayload)];
  const args = ['--file', picture.path, '--fps', String(picture.fps), ...target];
  const process = await startProcess({ command: nativeProgram('camera'), args, ready });
  return { sent: sentBy(0, 1, picture, readyOf(process)), stop: () => process.stop() };
}

function readyOf(process: RunningProcess): Ready {
  return JSON.parse(process.readyMatch?.[1] ?? '{}') as Ready;
}

function sentBy(index: number, cameras: number, picture: Picture, { frames, startMs }: Ready): SentPicture {
  const phaseMs = (1000 * index) / (cameras * picture.fps);
  const firstFrame = Math.floor((index * frames) / cameras);
  return { ...picture, frames, cameras, firstFrame, startMs: startMs + phaseMs };
}
