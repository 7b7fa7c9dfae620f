import { afterEach, expect, test, vi } from 'vitest';
import { proxySignalling } from './proxy-signalling.ts';

// Outside of Grafana its runtime cannot be loaded; of it, only the sub-path counts here.
vi.mock('@grafana/runtime', () => ({ config: { appSubUrl: '/grafana' }, isFetchError: () => false }));

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a goodbye goes past Grafana’s own client, and no longer than its sender waits', async () => {
  const asked: [unknown, RequestInit | undefined][] = [];
  vi.stubGlobal('fetch', (url: unknown, init?: RequestInit) => {
    asked.push([url, init]);
    return new Promise<Response>((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
    });
  });
  const ask = proxySignalling({
    fetch: () => {
      throw new Error('it cannot outlive the page');
    },
  });
  const patience = new AbortController();
  const answer = ask({
    method: 'DELETE',
    url: 'http://host/api/datasources/proxy/uid/x/relay/api/v1/sessions/s',
    headers: { 'X-Some': 'thing' },
    signal: patience.signal,
    keepalive: true,
  });
  expect(asked).toMatchObject([
    [
      '/grafana/api/datasources/proxy/uid/x/relay/api/v1/sessions/s',
      { method: 'DELETE', keepalive: true, headers: { 'X-Some': 'thing' } },
    ],
  ]);
  patience.abort(new Error('too late'));
  await expect(answer).rejects.toThrow('too late');
});
