/** A camera in a process of its own: gst-rtsp-server.py with these arguments. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface GstCamera {
  readonly port: number;
  /** As when its cable is pulled; resolves when the process is gone. */
  kill(): Promise<void>;
}

const program = new URL('gst-rtsp-server.py', import.meta.url).pathname;

/** `port` 0: any. It serves /live and ends with its standard input, so with this process at the latest. */
export async function startGstCamera(args: readonly string[] = [], port = 0): Promise<GstCamera> {
  const child = spawn('/usr/bin/python3', [program, '--port', String(port), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^READY (\d+)$/.exec(line)?.[1];
    if (ready !== undefined) return { port: Number(ready), kill };
  }
  throw new Error('gst-rtsp-server ended before it was ready');
}
