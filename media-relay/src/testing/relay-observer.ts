/** The parent's end of an observed relay (observed-relay.ts): it talks over the pipe that the parent made, and no other way leads there. */
import type { ChildProcess } from 'node:child_process';
import type { EngineSnapshot } from '../engine/messages.ts';

export type Question =
  | { readonly id: number; readonly type: 'facts' | 'resources' }
  | { readonly id: number; readonly type: 'kill-thread' | 'hang-thread'; readonly index: number };

/** Cheap: what the relay knows anyway. */
export interface Facts {
  readonly snapshot: EngineSnapshot | undefined;
  /** The longest that the main thread's event loop came late since the last question. */
  readonly mainDelayMaxMs: number;
}

/** After garbage collection. */
export interface ThreadResources {
  /** By kind, as `process.getActiveResourcesInfo()` names them. */
  readonly active: Readonly<Record<string, number>>;
  readonly heapUsedBytes: number;
  readonly arrayBufferBytes: number;
}

/**
 * After the question, the C library has given free memory back to the system, too: it keeps tens of megabytes of it in
 * pieces, which come and go and say nothing about a leak.
 */
export interface Resources {
  readonly main: ThreadResources;
  readonly threads: readonly ThreadResources[];
  /** Resident before that. */
  readonly rssUntrimmedBytes: number;
}

export interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly problem?: string;
}

export class RelayObserver {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  /** The child was spawned with an 'ipc' pipe. */
  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      const { id, answer, problem } = message as Answer;
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (problem === undefined) asked?.resolve(answer);
      else asked?.reject(new Error(problem));
    });
    child.once('exit', () => {
      for (const asked of this.#asked.values()) asked.reject(new Error('the relay has ended'));
    });
  }

  facts(): Promise<Facts> {
    return this.#ask((id) => ({ id, type: 'facts' })) as Promise<Facts>;
  }

  resources(): Promise<Resources> {
    return this.#ask((id) => ({ id, type: 'resources' })) as Promise<Resources>;
  }

  /** An error that nobody catches, in a media thread. */
  async killThread(index: number): Promise<void> {
    await this.#ask((id) => ({ id, type: 'kill-thread', index }));
  }

  /** A loop without end, in a media thread. */
  async hangThread(index: number): Promise<void> {
    await this.#ask((id) => ({ id, type: 'hang-thread', index }));
  }

  #ask(question: (id: number) => Question): Promise<unknown> {
    const id = this.#nextId++;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    this.#child.send(question(id));
    return asked.promise;
  }
}
