import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import recorded from './fixtures/proxy-exchanges.json' with { type: 'json' };
import { contentSecurityPolicy } from './csp.ts';
import { dataSourceProxy } from './data-source-proxy.ts';

type Exchange = (typeof recorded.exchanges)[number];
type Headers = Readonly<Record<string, string>>;

const policy = contentSecurityPolicy('XXXX', 'localhost:3300/');
let upstream: Server;
let grafana: Server;
let exchange: Exchange;
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
const seen: Seen[] = [];

beforeAll(async () => {
  upstream = await listening((request, response) => void answer(request, response));
  const proxy = dataSourceProxy({
    // The last one was recorded while nothing listened there.
    upstream: () => (exchange.upstreamAnswer === null ? 'http://127.0.0.1:1' : addressOf(upstream)),
    secrets: () => ({ token: recorded.token }),
    routes: recorded.routes,
    role: () => (exchange.as === 'anonymous' ? 'Viewer' : 'Admin'),
    identity: () => '<signed JWT>',
    policy,
  });
  grafana = await listening((request, response) => proxy(request, response, request.url ?? ''));
});

afterAll(() => {
  upstream.close();
  grafana.close();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  seen.push({
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    body: await text(request),
  });
  const { status = 200, headers = {}, body = '' } = exchange.upstreamAnswer ?? {};
  response.writeHead(status, headers as Headers);
  response.end(body);
}

test.each(recorded.exchanges.map((each) => [each.name, each] as const))('%s', async (_, each) => {
  exchange = each;
  seen.length = 0;
  const got = await ask(each);
  const want = each.clientGot;
  expect(got.status).toBe(want.status);
  expect(got.body).toBe(want.body);
  expect(comparable(got.headers)).toEqual(comparable(want.headers as Headers));

  if (each.upstreamSaw === null) return expect(seen).toEqual([]);
  const { method, url, body, headers } = each.upstreamSaw;
  expect(seen).toMatchObject([{ method, url, body }]);
  expect({ ...seen[0]?.headers, connection: undefined }).toEqual({
    ...addressed(headers as Headers),
    connection: undefined,
  });
});

async function ask({ request: { method, path, headers, body } }: Exchange) {
  const { port } = grafana.address() as AddressInfo;
  const hasBody = body !== '' || method === 'POST';
  const asking = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    headers: {
      ...addressed(headers),
      ...(hasBody ? { 'Content-Length': Buffer.byteLength(body) } : {}),
    },
  });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** With the addresses of this run for those of the recording. */
function addressed(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    value
      .replaceAll('<upstream>', new URL(addressOf(upstream)).host)
      .replaceAll('<grafana>', new URL(addressOf(grafana)).host),
  ]);
  return Object.fromEntries(entries);
}

/** Node's server adds and frames by itself what says nothing about the proxy. */
function comparable(headers: IncomingHttpHeaders | Headers): Record<string, unknown> {
  const {
    date: _,
    connection: __,
    'keep-alive': ___,
    'transfer-encoding': ____,
    'content-length': _____,
    ...rest
  } = headers as Record<string, string>;
  const csp = rest['content-security-policy'];
  return { ...rest, 'content-security-policy': csp?.replace(policy, 'grafana') };
}

async function listening(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
