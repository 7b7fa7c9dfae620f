/** `demo:?width=1280&height=720&fps=30&gop=60&bitrate=2000000&title=...`, every parameter optional. */
import { excerpt, ProtocolError } from '../../media/protocol-error.ts';

export interface DemoOptions {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** Frames from one key frame to the next. */
  readonly gopFrames: number;
  /** Reached as far as the picture can use it; a picture that needs more takes more. */
  readonly bitrateBps: number;
  readonly title: string;
}

interface Range {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly unit: string;
}

const ranges = {
  width: { fallback: 1280, least: 160, most: 1920, step: 2, unit: 'pixels' },
  height: { fallback: 720, least: 120, most: 1080, step: 2, unit: 'pixels' },
  fps: { fallback: 30, least: 1, most: 60, step: 1, unit: 'frames per second' },
  gop: { fallback: 60, least: 1, most: 600, step: 1, unit: 'frames' },
  bitrate: { fallback: 2_000_000, least: 100_000, most: 20_000_000, step: 1, unit: 'bit/s' },
} as const satisfies Record<string, Range>;

const known = new Set([...Object.keys(ranges), 'title']);
const longestTitle = 60;

/** Throws ProtocolError 'DEMO_BAD_URL' or 'DEMO_BAD_PARAMETER'; its message names parameter, value and remedy. */
export function parseDemoUrl(url: string): DemoOptions {
  const match = /^demo:(?:\/\/)?(?:\?(.*))?$/su.exec(url);
  if (!match) {
    throw new ProtocolError(
      'DEMO_BAD_URL',
      `"${excerpt(url)}" is not a demo camera; write demo: or demo:?width=1280&height=720`,
    );
  }
  const parameters = new URLSearchParams(match[1] ?? '');
  for (const name of parameters.keys()) {
    if (!known.has(name)) {
      throw badParameter(`"${excerpt(name)}" is unknown; use ${[...known].join(', ')}`);
    }
    if (parameters.getAll(name).length > 1) throw badParameter(`${name} appears twice; keep one`);
  }
  const title = parameters.get('title') ?? '';
  if (!/^[\x20-\x7e]*$/.test(title) || title.length > longestTitle) {
    throw badParameter(
      `title "${excerpt(title)}" must be at most ${longestTitle} printable ASCII characters`,
    );
  }
  return {
    width: integer(parameters, 'width'),
    height: integer(parameters, 'height'),
    framesPerSecond: integer(parameters, 'fps'),
    gopFrames: integer(parameters, 'gop'),
    bitrateBps: integer(parameters, 'bitrate'),
    title,
  };
}

function integer(parameters: URLSearchParams, name: keyof typeof ranges): number {
  const { fallback, least, most, step, unit } = ranges[name];
  const text = parameters.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most && value % step === 0) return value;
  const kind = step === 2 ? 'an even number' : 'a whole number';
  throw badParameter(`${name}=${excerpt(text)} must be ${kind} of ${unit} from ${least} to ${most}`);
}

function badParameter(message: string): ProtocolError {
  return new ProtocolError('DEMO_BAD_PARAMETER', `demo camera: ${message}`);
}
