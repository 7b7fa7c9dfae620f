/** Stands in for Grafana's annotations API: POST /api/annotations by an Editor makes one, by a Viewer it is refused. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Role } from './data-source-proxy.ts';

export class Annotations {
  readonly taken: unknown[] = [];
  readonly #role: () => Role;

  constructor(role: () => Role) {
    this.#role = role;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch(() => end(response, 400, { message: 'bad request data' }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return end(response, 404, { message: 'Not found' });
    if (this.#role() === 'Viewer')
      return end(response, 403, { message: "You'll need additional permissions to perform this action." });
    this.taken.push(await json(request));
    end(response, 200, { id: this.taken.length, message: 'Annotation added' });
  }
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
