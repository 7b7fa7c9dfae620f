import { sourceUrlProblem } from './config/source-url.ts';
import type { StreamConfig } from './config/schema.ts';
import { streamSettings } from './config/schema.ts';
import type { StreamLimits } from './engine/admission.ts';
import type { EnginePort } from './engine/engine-port.ts';
import type { StreamSpec } from './engine/messages.ts';
import type { AdminResult, ConfiguredStream, StreamDirectory } from './http/deps.ts';
import type { NewStream } from './http/schemas.ts';

/** The streams of the configuration, and after them those that came by the API and live until the relay stops. */
export class RelayStreams implements StreamDirectory {
  readonly #engine: Pick<EnginePort, 'setStream' | 'removeStream'>;
  #fromConfig: ReadonlyMap<string, StreamConfig> = new Map();
  readonly #fromApi = new Map<string, StreamConfig>();

  constructor(engine: Pick<EnginePort, 'setStream' | 'removeStream'>) {
    this.#engine = engine;
  }

  list(): readonly ConfiguredStream[] {
    return [
      ...[...this.#fromConfig].map(([name, stream]) => toConfigured(name, stream, 'config')),
      ...[...this.#fromApi].map(([name, stream]) => toConfigured(name, stream, 'api')),
    ];
  }

  get(name: string): ConfiguredStream | undefined {
    const configured = this.#fromConfig.get(name);
    if (configured !== undefined) return toConfigured(name, configured, 'config');
    const added = this.#fromApi.get(name);
    return added === undefined ? undefined : toConfigured(name, added, 'api');
  }

  /** Its own; none where there is no such stream. */
  limitsOf(name: string): StreamLimits {
    const { maxViewers, maxBitrate } = this.#fromConfig.get(name) ?? this.#fromApi.get(name) ?? {};
    return { viewers: maxViewers, bitrateBps: maxBitrate };
  }

  /** Touches only the streams that `changed` and `removed` name. A stream of the API gives way to one of the file. */
  replaceConfigured(
    streams: ReadonlyMap<string, StreamConfig>,
    changed: readonly string[],
    removed: readonly string[],
  ): void {
    this.#fromConfig = streams;
    for (const name of removed) this.#engine.removeStream(name);
    for (const name of changed) {
      const stream = streams.get(name);
      if (stream === undefined) continue;
      this.#fromApi.delete(name);
      this.#engine.setStream(toSpec(name, stream));
    }
  }

  add({ name, ...settings }: NewStream): AdminResult {
    if (this.get(name) !== undefined)
      return { ok: false, code: 'stream-exists', detail: `There is a stream "${name}" already.` };
    for (const field of ['url', 'substream'] as const) {
      const problem = settings[field] === undefined ? undefined : sourceUrlProblem(settings[field]);
      if (problem !== undefined) return { ok: false, code: 'config-invalid', detail: `${field}: ${problem}` };
    }
    const parsed = streamSettings.safeParse(settings);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return {
        ok: false,
        code: 'config-invalid',
        detail: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      };
    }
    this.#fromApi.set(name, parsed.data);
    this.#engine.setStream(toSpec(name, parsed.data));
    return { ok: true };
  }

  remove(name: string): AdminResult {
    if (this.#fromConfig.has(name))
      return { ok: false, code: 'stream-from-config', detail: 'Remove it from the configuration file.' };
    if (!this.#fromApi.delete(name))
      return { ok: false, code: 'stream-not-found', detail: 'No stream of this name is configured.' };
    this.#engine.removeStream(name);
    return { ok: true };
  }
}

function toConfigured(name: string, stream: StreamConfig, origin: 'config' | 'api'): ConfiguredStream {
  const { title = name, labels, site, onDemand, trustClock } = stream;
  return { name, title, labels, site, onDemand, trustClock, origin };
}

function toSpec(name: string, stream: StreamConfig): StreamSpec {
  const { url, substream, onDemand, transport, tlsFingerprint } = stream;
  return { name, url, substream, onDemand, transport, tlsFingerprint };
}
