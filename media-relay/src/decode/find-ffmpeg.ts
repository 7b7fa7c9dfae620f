import { execFile } from 'node:child_process';

export type Ffmpeg =
  | { readonly isThere: true; readonly path: string; readonly version: string }
  /** `reason` is a sentence for people. */
  | { readonly isThere: false; readonly reason: string };

const timeoutMs = 5000;

/** Whether this is an ffmpeg that runs here. Never rejects. */
export function findFfmpeg(path: string): Promise<Ffmpeg> {
  return new Promise((resolve) => {
    execFile(
      path,
      ['-version'],
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 },
      (error, text) => {
        const version = /^ffmpeg version (\S+)/.exec(text)?.[1];
        if (version !== undefined) resolve({ isThere: true, path, version });
        else resolve({ isThere: false, reason: sentence(path, error) });
      },
    );
  });
}

function sentence(path: string, error: Error | null): string {
  const code = error !== null && 'code' in error ? error.code : undefined;
  const remedy =
    'Install ffmpeg, or name it with decode.ffmpeg or SIGHTLINE_DECODE_FFMPEG, and restart the relay.';
  if (code === 'ENOENT') return `There is no program "${path}". ${remedy}`;
  if (code === 'EACCES') return `"${path}" may not be run. ${remedy}`;
  return `"${path}" does not answer as ffmpeg. ${remedy}`;
}

/** `-fps_mode` has the name `-vsync` before ffmpeg 5.1. */
export function passthroughOption(version: string): string {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = Number(major) < 5 || (Number(major) === 5 && Number(minor) === 0);
  return isOld ? '-vsync passthrough' : '-fps_mode passthrough';
}
