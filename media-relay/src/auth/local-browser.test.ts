import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { AuthRequest } from './local-browser.ts';
import { cameThroughGrafana, isLoopbackAddress, whyNotLocalBrowser } from './local-browser.ts';

function request(
  headers: Record<string, string | string[]> = {},
  rest: Partial<AuthRequest> = {},
): AuthRequest {
  const all = { host: 'localhost:8640', ...headers };
  const headersDistinct = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]),
  );
  return { headersDistinct, remoteAddress: '127.0.0.1', httpVersion: '1.1', ...rest };
}

describe('a browser on this host', () => {
  test.each([
    request(),
    request({ host: '127.0.0.1:8640' }),
    request({ host: '[::1]:8640' }, { remoteAddress: '::1' }),
    request({ host: 'LOCALHOST' }, { remoteAddress: '::ffff:127.0.0.1' }),
    request({ origin: 'http://localhost:8640', referer: 'http://localhost:8640/' }),
    request({ origin: 'https://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }),
    request({ 'sec-fetch-site': 'none', 'user-agent': 'Mozilla/5.0' }),
  ])('%j', (local) => {
    expect(whyNotLocalBrowser(local)).toBeUndefined();
  });
});

describe('not a browser on this host', () => {
  test.each([['192.0.2.7'], ['::ffff:192.0.2.7'], ['fe80::1'], ['::'], [undefined]])(
    'from %s',
    (remoteAddress) => {
      expect(whyNotLocalBrowser(request({}, { remoteAddress }))).toBe('it comes from another host');
    },
  );

  test.each([
    'relay.example.org',
    'localhost.example.org',
    'localhost.',
    'evil@localhost',
    '127.0.0.1.nip.io:8640',
    '127.1',
    '2130706433',
    '0.0.0.0:8640',
    '[::ffff:127.0.0.1]',
    'localhost:8640:1',
    '',
  ])('with Host %s', (host) => {
    expect(whyNotLocalBrowser(request({ host }))).toMatch('Host');
  });

  test('with two Hosts, or none', () => {
    expect(whyNotLocalBrowser(request({ host: ['localhost', 'localhost'] }))).toMatch('Host');
    expect(whyNotLocalBrowser(request({ host: [] }))).toMatch('Host');
  });

  test.each([
    'null',
    '',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'http://localhost:80@evil.example',
    'http://localhost\\evil.example',
    'file://localhost',
    'localhost',
  ])('with Origin %s', (origin) => {
    expect(whyNotLocalBrowser(request({ origin }))).toMatch('Origin');
  });

  test('sent by another site', () => {
    expect(whyNotLocalBrowser(request({ referer: 'https://evil.example/localhost' }))).toMatch(
      'another site',
    );
    expect(whyNotLocalBrowser(request({ 'sec-fetch-site': 'cross-site' }))).toMatch('another site');
  });

  test.each([
    'via',
    'forwarded',
    'x-forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-forwarded-server',
    'x-real-ip',
    'x-grafana-id',
    'x-grafana-user',
    'x-grafana-referer',
    'x-original-forwarded-for',
    'x-client-ip',
    'x-cluster-client-ip',
    'x-envoy-external-address',
    'true-client-ip',
    'cf-connecting-ip',
    'fastly-client-ip',
    'x-amzn-trace-id',
    'x-ds-authorization',
    'x-request-id',
  ])('forwarded, says %s, even when it is empty', (name) => {
    expect(whyNotLocalBrowser(request({ [name]: '' }))).toBe(`its header ${name} says that it was forwarded`);
  });

  test('behind a proxy that adds nothing but speaks HTTP/1.0', () => {
    expect(whyNotLocalBrowser(request({}, { httpVersion: '1.0' }))).toMatch('HTTP/1.0');
  });

  test('Grafana', () => {
    expect(whyNotLocalBrowser(request({ 'user-agent': 'Grafana/12.4.0' }))).toMatch('Grafana');
  });
});

/** Headers of requests that a Grafana 12.4.0 with a data source on the same host forwarded to `127.0.0.1:8640`. */
interface RecordedHeaders {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}
const recorded = JSON.parse(
  readFileSync(new URL('fixtures/grafana-forwarded.json', import.meta.url), 'utf8'),
) as readonly RecordedHeaders[];

describe('what Grafana forwards', () => {
  test.each(recorded.map(({ name, headers }) => [name, headers] as const))('%s', (_name, headers) => {
    const forwarded = request({ ...headers, host: '127.0.0.1:8640' });
    expect(whyNotLocalBrowser(forwarded)).toBeDefined();
    expect(cameThroughGrafana(forwarded.headersDistinct)).toBe(true);
  });

  test('a browser is not Grafana', () => {
    expect(cameThroughGrafana(request({ via: '1.1 squid' }).headersDistinct)).toBe(false);
  });
});

test('loopback addresses', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(true);
  expect(['128.0.0.1', '::2', '127.0.0.1.5', '10.127.0.0.1'].some(isLoopbackAddress)).toBe(false);
});
