import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { tokenFileName } from '../auth/token-file.ts';
import type { Ask } from '../client/monitoring/overview.ts';
import type { Config } from '../config/schema.ts';

/** What the commands that talk to a running relay need; the message tells what is wrong and what to do. */
export class RelayUnreachable extends Error {
  override readonly name = 'RelayUnreachable';
}

const timeoutMs = 5_000;
const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * The API of the relay that runs with this configuration on this host, with the token that it keeps in its state
 * directory. Throws RelayUnreachable.
 */
export async function relayApi({ http, stateDir, access }: Config): Promise<Ask> {
  if (http.port === 0)
    throw new RelayUnreachable(
      'http.port is 0: the system chose the port, and only the log of the relay tells it.',
    );
  // The least that will do: where access rules exist, the one for Grafana works with a proven user only.
  const secret = await tokenFrom(join(stateDir, tokenFileName), access.length === 0 ? 'grafana' : 'admin');
  const host = hostFor(http.address);
  const certificate = http.tls === undefined ? undefined : await certificateFrom(http.tls.cert);
  const origin = `${certificate !== undefined ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${http.port}`;
  return async (path) => {
    const { status, body } = await get(`${origin}/${path}`, secret, certificate).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : 'unknown error';
      throw new RelayUnreachable(
        `No relay answers at ${origin} (${reason}); is it running with this configuration?`,
      );
    });
    if (status !== 200)
      throw new RelayUnreachable(`The relay at ${origin} answered with status ${status}: ${detailOf(body)}`);
    return parse(body, origin);
  };
}

/** Where a relay that listens there can be reached from its own host. */
function hostFor(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

async function tokenFrom(path: string, wanted: string): Promise<string> {
  const problem = (reason: string): RelayUnreachable =>
    new RelayUnreachable(
      `${path} ${reason}: run this as the user of the relay, with the same --config, after its first start.`,
    );
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw problem(`cannot be read (${code})`);
  });
  try {
    const { tokens } = JSON.parse(content) as { tokens: { name: string; secret: string }[] };
    const token = tokens.find(({ name }) => name === wanted);
    if (typeof token?.secret === 'string') return token.secret;
  } catch {
    // Said below: what is in the file must not be shown.
  }
  throw problem(`holds no token "${wanted}"`);
}

async function certificateFrom(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new RelayUnreachable(`${path} (http.tls.cert) cannot be read (${code}).`);
  });
}

function get(
  url: string,
  secret: string,
  certificate: Buffer | undefined,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      headers: { Authorization: `Bearer ${secret}` },
      signal: AbortSignal.timeout(timeoutMs),
    };
    // The relay's own certificate and no other; it is made for a public name, not for this address.
    const pinned = { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
    const send =
      certificate === undefined
        ? request.bind(undefined, url, options)
        : secureRequest.bind(undefined, url, { ...options, ...pinned });
    const asking = send((response: IncomingMessage) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > maxAnswerBytes) response.destroy(new Error('the answer is too long'));
      });
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    asking.once('error', reject);
    asking.end();
  });
}

function parse(body: string, origin: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new RelayUnreachable(`What answers at ${origin} is not the relay.`);
  }
}

function detailOf(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? detail : 'no reason given';
  } catch {
    return 'no reason given';
  }
}
