/** The media threads of this process by Node's own inspector (domain NodeWorker): nothing in them knows of it. */
import { once } from 'node:events';
import { Session } from 'node:inspector';

interface Attached {
  readonly sessionId: string;
  readonly workerInfo: { readonly title: string };
}

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly text: string };
  };
}

/** `using threads = await MediaThreads.attach()`: as short as can be, an inspected thread is not quite as fast. */
export class MediaThreads implements Disposable {
  readonly #session = new Session();
  /** Inspector sessions by number of the media thread. */
  readonly #threads = new Map<number, string>();
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  /** Resolves once all threads that run now are known. */
  static async attach(): Promise<MediaThreads> {
    const threads = new MediaThreads();
    await threads.#post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return threads;
  }

  private constructor() {
    const on = (event: string, listener: (params: unknown) => void): void => {
      this.#session.on(event, ({ params }: { params: unknown }) => listener(params));
    };
    this.#session.connect();
    on('NodeWorker.attachedToWorker', (params) => {
      const { sessionId, workerInfo } = params as Attached;
      const index = /media-(\d+)$/.exec(workerInfo.title)?.[1];
      if (index !== undefined) this.#threads.set(Number(index), sessionId);
    });
    on('NodeWorker.receivedMessageFromWorker', (params) => {
      this.#onAnswer(JSON.parse((params as { message: string }).message) as Answer);
    });
  }

  get indexes(): readonly number[] {
    return [...this.#threads.keys()].sort((a, b) => a - b);
  }

  /** The value of an expression in the thread, structured as JSON. */
  evaluate(index: number, expression: string): Promise<unknown> {
    return this.#ask(index, 'Runtime.evaluate', { expression, returnByValue: true });
  }

  async collectGarbage(index: number): Promise<void> {
    await this.#ask(index, 'HeapProfiler.collectGarbage', {});
  }

  /** An error that nobody catches, out of the thread's own event loop. */
  async kill(index: number): Promise<void> {
    await this.evaluate(index, `void setTimeout(() => { throw new Error('killed by a test'); })`);
  }

  /** Resolves once it does nothing else any more, for ever. */
  async hang(index: number): Promise<void> {
    const name = `media-${index} hangs`;
    const channel = new BroadcastChannel(name);
    const hangs = once(channel, 'message');
    const tell = `new BroadcastChannel(${JSON.stringify(name)}).postMessage(0)`;
    await this.evaluate(index, `void setTimeout(() => { ${tell}; for (;;); })`);
    await hangs;
    channel.close();
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  #ask(index: number, method: string, params: object): Promise<unknown> {
    const sessionId = this.#threads.get(index);
    if (sessionId === undefined) return Promise.reject(new Error(`there is no media thread ${index}`));
    const id = this.#nextId++;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    const message = JSON.stringify({ id, method, params });
    this.#post('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(asked.reject);
    return asked.promise;
  }

  #onAnswer({ id, error, result }: Answer): void {
    if (id === undefined) return;
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    const problem = error?.message ?? result?.exceptionDetails?.text;
    if (problem === undefined) asked?.resolve(result?.result?.value);
    else asked?.reject(new Error(problem));
  }

  #post(method: string, params: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}
