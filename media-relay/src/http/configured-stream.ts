import type { ConfiguredStream, HttpDeps } from './deps.ts';
import { HttpProblem } from './errors.ts';

/** Throws HttpProblem 'stream-not-found'. */
export function configuredStream(streams: HttpDeps['streams'], name: string): ConfiguredStream {
  const stream = streams.get(name);
  if (stream === undefined)
    throw new HttpProblem('stream-not-found', 'No stream of this name is configured.');
  return stream;
}
