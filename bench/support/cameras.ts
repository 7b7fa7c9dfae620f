import { nativeProgram } from './native.ts';
import type { Picture } from './pictures.ts';
import { type RunningProcess, startProcess } from './process.ts';

export interface Cameras {
  /** One RTSP address per camera. */
  readonly urls: readonly string[];
  readonly pid: number;
  stop(): Promise<void>;
}

export interface CameraOptions {
  readonly picture: Picture;
  readonly cameras?: number;
  /** One write per RTP packet, as many cameras do, instead of one per frame. */
  readonly packetWrites?: boolean;
}

const ready = /^READY \{"port":(\d+)/;

/** Cameras in a process of their own, so that their work is nobody else's CPU. */
export async function startCameras(options: CameraOptions): Promise<Cameras> {
  const { picture, cameras = 1 } = options;
  const args = ['--file', picture.path, '--fps', String(picture.fps), '--cameras', String(cameras)];
  if (options.packetWrites) args.push('--packet-writes');
  const process = await startProcess({ command: nativeProgram('camera'), args, ready });
  const port = process.readyMatch?.[1];
  const urls = Array.from({ length: cameras }, (_, index) => `rtsp://127.0.0.1:${port}/cam${index}`);
  return { urls, pid: process.pid, stop: () => process.stop() };
}

/** The same pictures as plain RTP (payload type 96) to a port on loopback, RTCP to the next one. */
export function startRtpCamera(
  picture: Picture,
  toPort: number,
  maxPayload: number,
): Promise<RunningProcess> {
  const target = ['--rtp-to', `127.0.0.1:${toPort}`, '--max-payload', String(maxPayload)];
  const args = ['--file', picture.path, '--fps', String(picture.fps), ...target];
  return startProcess({ command: nativeProgram('camera'), args, ready });
}
