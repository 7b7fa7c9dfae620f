/** The far end of a webhook: keeps what an Alertmanager sends. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { json } from 'node:stream/consumers';

export interface ReceivedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `performance.now()` of its arrival. */
  readonly atMs: number;
}

export class AlertReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #alerts = new Map<string, ReceivedAlert[]>();

  static async start(): Promise<AlertReceiver> {
    const receiver = new AlertReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      const atMs = performance.now();
      void json(request).then((body) => {
        const { alerts } = body as { alerts: Omit<ReceivedAlert, 'atMs'>[] };
        const path = request.url ?? '';
        const before = this.#alerts.get(path) ?? [];
        this.#alerts.set(path, [...before, ...alerts.map((alert) => ({ ...alert, atMs }))]);
        response.end();
      });
    });
  }

  url(path: string): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening');
    return `http://127.0.0.1:${address.port}${path}`;
  }

  /** Everything that came to this path, repetitions included, in its order. */
  received(path: string): readonly ReceivedAlert[] {
    return this.#alerts.get(path) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
