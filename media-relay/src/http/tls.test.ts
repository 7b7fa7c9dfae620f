import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startTestRelay } from './testing/test-relay.ts';

async function nameServed(port: number): Promise<unknown> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

describe('HTTPS', () => {
  let directory: string;
  const file = (name: string): string => join(directory, name);
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sightline-tls-'));
    for (const name of ['one', 'two'])
      execFileSync(
        'openssl',
        `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=${name} -keyout ${file(`${name}.key`)} -out ${file(`${name}.crt`)}`.split(
          ' ',
        ),
        { stdio: 'ignore' },
      );
    copyFileSync(file('one.crt'), file('now.crt'));
    copyFileSync(file('one.key'), file('now.key'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('serves the certificate, a new one after a reload, and the old one while the new is wrong', async () => {
    await using relay = await startTestRelay({
      server: { tls: { cert: file('now.crt'), key: file('now.key') } },
    });
    expect(relay.server.url).toBe(`https://localhost:${relay.port}/`);
    expect(await nameServed(relay.port)).toBe('one');
    copyFileSync(file('two.crt'), file('now.crt'));
    await expect(relay.server.reloadTls()).rejects.toThrow('no pair');
    expect(await nameServed(relay.port)).toBe('one');
    copyFileSync(file('two.key'), file('now.key'));
    await relay.server.reloadTls();
    expect(await nameServed(relay.port)).toBe('two');
  });

  test('plain HTTP is cut off', async () => {
    await using relay = await startTestRelay({
      server: { tls: { cert: file('one.crt'), key: file('one.key') } },
    });
    const answer = await relay.raw('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => undefined);
    expect(answer?.head ?? '').not.toContain('HTTP/');
  });

  test('a missing file is named', async () => {
    await expect(
      startTestRelay({ server: { tls: { cert: file('no.crt'), key: file('one.key') } } }),
    ).rejects.toThrow('no.crt');
  });
});
