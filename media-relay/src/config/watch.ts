import { createHash } from 'node:crypto';
import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface WatchOptions {
  readonly file: string;
  /** Called after the content of the file changed, one call at a time. */
  readonly onChange: () => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
  /** Editors write in several steps. */
  readonly debounceMs?: number;
  /** How often the file is looked at, whatever happens in its folder. */
  readonly retryMs?: number;
}

/**
 * Watches folders, not the file: editors replace files, and Kubernetes swaps a link beside the mounted one (`..data`).
 * What counts is whether the content differs. Some changes happen further up, where another folder takes the place of this
 * one, or in file systems that tell nothing: so it is looked at now and then, too. Resolves when it is watching; `signal` ends it.
 */
export async function watchConfigFile(options: WatchOptions): Promise<void> {
  const { file, onChange, warn, signal, debounceMs = 200, retryMs = 10_000 } = options;
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let hasWarned = false;
  let mustCheckAt: number | undefined;
  let known = await fingerprint(file);
  let running = Promise.resolve();

  const wake = (): void => {
    clearTimeout(timer);
    if (signal.aborted) return;
    const now = performance.now();
    // A folder with much traffic must not put the check off for ever.
    mustCheckAt ??= now + 5 * debounceMs;
    timer = setTimeout(
      () => (running = running.then(check)),
      Math.min(debounceMs, Math.max(0, mustCheckAt - now)),
    );
  };

  async function check(): Promise<void> {
    mustCheckAt = undefined;
    await follow();
    const current = await fingerprint(file);
    if (current === known || signal.aborted) return;
    known = current;
    await onChange();
  }

  /**
   * The folder of the file, and of what it links to: both can change, and a folder can be made anew, so they are opened
   * afresh each time. The fingerprint is taken afterwards, so that nothing is missed in between.
   */
  async function follow(): Promise<void> {
    const target = await realpath(file).catch(() => file);
    close();
    if (signal.aborted) return;
    const folders = new Set([dirname(file), dirname(target)]);
    watchers = [...folders].flatMap(open);
    if (watchers.length === folders.size) hasWarned = false;
  }

  function open(folder: string): FSWatcher[] {
    const fail = (error: unknown): void => {
      if (signal.aborted || hasWarned) return;
      hasWarned = true;
      const reason = error instanceof Error ? error.message : 'unknown error';
      warn(`${folder} cannot be watched (${reason}); it is looked at every ${retryMs / 1000} s`);
    };
    try {
      return [watch(folder, { persistent: false }, wake).on('error', fail)];
    } catch (error) {
      fail(error);
      return [];
    }
  }

  function close(): void {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  }

  const looking = setInterval(wake, retryMs).unref();
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    clearInterval(looking);
    close();
  });
  await follow();
}

async function fingerprint(file: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return undefined;
  }
}
