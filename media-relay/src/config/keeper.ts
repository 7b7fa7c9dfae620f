import type { Logger } from '../telemetry/log.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigDiff } from './diff.ts';
import { diffConfig, isUnchanged } from './diff.ts';
import type { Config } from './schema.ts';

export interface KeeperOptions {
  readonly initial: Config;
  readonly load: () => Promise<Config>;
  /** Takes the new configuration over; throwing leaves the old one current. */
  readonly apply: (config: Config, diff: ConfigDiff) => void | Promise<void>;
  readonly onError: (message: string) => void;
  readonly log: Logger;
}

export type ReloadCause = 'start' | 'signal' | 'file' | 'api';

export type ReloadResult =
  { readonly ok: true; readonly diff: ConfigDiff } | { readonly ok: false; readonly message: string };

/** The current configuration. A new one that is wrong changes nothing. */
export class ConfigKeeper {
  readonly #options: KeeperOptions;
  #current: Config;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#current = options.initial;
  }

  get current(): Config {
    return this.#current;
  }

  /** One after the other; never rejects. */
  reload(cause: ReloadCause): Promise<ReloadResult> {
    const result = this.#queue.then(() => this.#reload(cause));
    this.#queue = result;
    return result;
  }

  async #reload(cause: ReloadCause): Promise<ReloadResult> {
    const { load, apply, onError, log } = this.#options;
    try {
      const next = await load();
      const diff = diffConfig(this.#current, next);
      if (isUnchanged(diff)) {
        log[cause === 'start' ? 'debug' : 'info']({ cause }, 'configuration read again: nothing changed');
        return { ok: true, diff };
      }
      await apply(next, diff);
      this.#current = next;
      log.info({ cause, ...diff }, 'configuration changed');
      if (diff.needsRestart.length > 0)
        log.warn({ settings: diff.needsRestart }, 'these settings change when the relay is restarted');
      return { ok: true, diff };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ConfigError) for (const line of message.split('\n')) log.error(line);
      else log.error({ err: error }, 'the configuration cannot be taken over');
      log.error('the relay keeps running with the configuration it had');
      onError(message);
      return { ok: false, message };
    }
  }
}
