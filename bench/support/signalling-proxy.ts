import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LossyPath, startLossyPath } from './lossy.ts';
import type { LinkOptions } from './link.ts';

export interface SignallingOptions {
  readonly relayUrl: string;
  readonly stream: string;
  /** What HTTP exchanges cost more than on loopback. */
  readonly roundTripMs?: number;
  /** Media takes this way to the viewer; undefined: straight to the relay. */
  readonly link?: LinkOptions;
  /** And this way back, when it differs. */
  readonly up?: LinkOptions;
  /** Which of the relay's datagrams never arrive, besides. */
  readonly losesDown?: (datagram: Buffer) => boolean;
  readonly seed?: number;
}

export interface SignallingProxy {
  readonly url: string;
  /** Once somebody has joined, and media takes a way. */
  readonly path: LossyPath | undefined;
  close(): Promise<void>;
}

/** Serves the measuring page and carries its signalling to the relay, through a longer path where asked. */
export async function startSignallingProxy(options: SignallingOptions): Promise<SignallingProxy> {
  const { relayUrl, stream, roundTripMs = 0, link, up = link ?? {}, losesDown, seed = 1 } = options;
  const page = readFileSync(path.join(import.meta.dirname, 'first-frame-page.html'));
  let lossy: LossyPath | undefined;
  let sessionId = '';

  const offer = async (sdp: string): Promise<{ readonly status: number; readonly body: string }> => {
    await delay(roundTripMs);
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(`${relayUrl}/api/v1/whep/${stream}`, { method: 'POST', headers, body: sdp });
    let body = await response.text();
    if (response.status !== 201) return { status: response.status, body };
    sessionId = response.headers.get('location')?.split('/').at(-1) ?? '';
    if (link) {
      const port = /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/im.exec(body)?.[1];
      if (port === undefined) throw new Error(`no loopback candidate in\n${body}`);
      lossy ??= await startLossyPath({
        toPort: Number(port),
        up,
        down: link,
        seed,
        ...(losesDown && { losesDown }),
      });
      body = onlyThrough(body, lossy.port);
    }
    return { status: 201, body };
  };

  const server = createServer((request, response) => {
    void (async () => {
      if (request.method === 'POST') {
        const { status, body } = await offer(await textOf(request));
        response.writeHead(status, { 'content-type': 'application/sdp' }).end(body);
      } else if (request.url?.startsWith('/clock')) {
        const query = new URL(request.url, relayUrl).search;
        const answer = await fetch(`${relayUrl}/api/v1/sessions/${sessionId}/clock${query}`);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      } else {
        response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      }
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get path() {
      return lossy;
    },
    async close() {
      lossy?.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answer with one candidate: the proxy's port. TCP and other addresses would go around it. */
function onlyThrough(sdp: string, port: number): string {
  return sdp
    .split('\r\n')
    .filter((line) => !line.startsWith('a=candidate:') || / udp \d+ 127\.0\.0\.1 /i.test(line))
    .map((line) => line.replace(/^(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1) \d+/i, `$1 ${port}`))
    .join('\r\n');
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
