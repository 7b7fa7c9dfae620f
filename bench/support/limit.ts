import { nativeProgram } from './native.ts';
import type { Picture } from './pictures.ts';
import { startProcess } from './process.ts';
import { Sink } from './sink.ts';

export interface Limit {
  readonly viewers: number;
  readonly packets: number;
  readonly sendCalls: number;
  readonly sendErrors: number;
  readonly cpuUsPerPacket: number;
  readonly userUsPerPacket: number;
  readonly kernelUsPerPacket: number;
}

/** What bench/native/limit.c needs per packet for as many viewers, measured now. */
export async function measureLimit(picture: Picture, viewers: number, seconds: number): Promise<Limit> {
  const sink = await Sink.start();
  const ports = await sink.plainPorts(viewers);
  const fixed = ['--file', picture.path, '--fps', String(picture.fps), '--seconds', String(seconds)];
  const limit = await startProcess({
    command: nativeProgram('limit'),
    args: [...fixed, ...ports.map(String)],
    ready: /^\{.*\}$/,
    readyTimeoutMs: (seconds + 10) * 1000,
  });
  await limit.stop();
  const result = JSON.parse(limit.readyMatch?.[0] ?? 'null') as Limit;
  const arrived = (await sink.report()).packets;
  await sink.stop();
  if (arrived !== result.packets) throw new Error(`limit sent ${result.packets} packets, ${arrived} arrived`);
  return result;
}
