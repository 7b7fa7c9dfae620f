// Which scheme of a stream's URL is served by which source. A new kind of source is one more row.

import type { Clock } from '../media/clock.ts';
import { excerpt, ProtocolError } from '../media/protocol-error.ts';
import { rtspUrlProblem } from '../rtsp/url.ts';
import { parseDemoUrl } from './demo/options.ts';
import { demoSource } from './demo/source.ts';
import { rtspSource, type SourceLog } from './rtsp.ts';
import { SourceError, type Source } from './source.ts';

export interface SourceSpec {
  /** May hold credentials. */
  readonly url: string;
  readonly transport: 'auto' | 'tcp' | 'udp';
  readonly tlsFingerprint?: string | undefined;
}

export interface SourceContext {
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log?: SourceLog;
}

interface SourceKind {
  readonly create: (spec: SourceSpec, context: SourceContext) => Source;
  /** One sentence with the remedy and without secrets; undefined when the URL is good. */
  readonly problem: (url: string) => string | undefined;
}

const rtsp: SourceKind = {
  create: (spec, context) => rtspSource({ ...spec, ...context }),
  problem: rtspUrlProblem,
};

const demo: SourceKind = {
  create: ({ url }, { clock }) => demoSource({ url, clock }),
  problem(url) {
    try {
      parseDemoUrl(url);
      return undefined;
    } catch (error) {
      if (error instanceof ProtocolError) return error.message;
      throw error;
    }
  },
};

const kinds: ReadonlyMap<string, SourceKind> = new Map([
  ['rtsp', rtsp],
  ['rtsps', rtsp],
  ['demo', demo],
]);

export const sourceSchemes: readonly string[] = [...kinds.keys()];

/** Throws `SourceError` when the URL cannot be served; `validateSourceUrl` says the same beforehand. */
export function createSource(spec: SourceSpec, context: SourceContext): Source {
  const kind = kinds.get(schemeOf(spec.url) ?? '');
  const problem = validateSourceUrl(spec.url);
  if (kind === undefined || problem !== undefined) {
    throw new SourceError('unreachable', problem ?? 'The address cannot be used.');
  }
  return kind.create(spec, context);
}

/** What is wrong with a stream's URL in one sentence, with the remedy and without secrets; undefined when nothing is. */
export function validateSourceUrl(url: string): string | undefined {
  const scheme = schemeOf(url);
  const known = sourceSchemes.map((name) => `${name}:`).join(', ');
  if (scheme === undefined) return `The address has no scheme: it starts with one of ${known}`;
  const kind = kinds.get(scheme);
  if (kind === undefined) return `No source is called "${excerpt(scheme, 20)}:": use one of ${known}`;
  return kind.problem(url);
}

function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
}
