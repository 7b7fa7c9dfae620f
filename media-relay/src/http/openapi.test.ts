import { readFileSync } from 'node:fs';

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';

import type { HttpDeps } from './deps.ts';
import { allRoutes } from './routes/all.ts';
import { SessionRegistry } from './session-registry.ts';
import { as, startTestRelay } from './testing/test-relay.ts';

/** Building the table touches no dependency. */
const routes = allRoutes({ log: pino({ enabled: false }), version: '0' } as HttpDeps, new SessionRegistry());

interface Operation {
  readonly operationId: string;
  readonly security: unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: object;
  }[];
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

async function describeItself(): Promise<Document> {
  await using relay = await startTestRelay();
  return (await (await relay.fetch('/openapi.json', { headers: as.nobody })).json()) as Document;
}

describe('/openapi.json', () => {
  test('holds every route and nothing else', async () => {
    const { openapi, paths } = await describeItself();
    expect(openapi).toBe('3.0.3');
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => key !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test('is sound: unique ids, every path parameter declared, every reference found, every status real', async () => {
    const document = await describeItself();
    const ids: string[] = [];
    for (const [path, item] of Object.entries(document.paths)) {
      const { parameters, ...operations } = item as Record<string, unknown> & {
        parameters?: { name: string }[];
      };
      expect((parameters ?? []).map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      for (const operation of Object.values(operations) as Operation[]) {
        ids.push(operation.operationId);
        expect(Object.keys(operation.responses).every((status) => /^[2345]\d\d$/.test(status))).toBe(true);
        expect(Object.values(operation.responses).every(({ description }) => description !== '')).toBe(true);
        expect(
          (operation.parameters ?? []).every((parameter) => Object.keys(parameter.schema).length > 0),
        ).toBe(true);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify(document);
    expect([...new Set(text.match(/"\$ref":"[^"]*"/g))]).toEqual(['"$ref":"#/components/schemas/Problem"']);
    expect(text).not.toContain('"$schema"');
    expect(text).not.toContain('"401"');
  });
});

test('says which parameters a request cannot do without', async () => {
  const { paths } = await describeItself();
  const required = Object.entries(paths).flatMap(([path, { get }]) =>
    (get?.parameters ?? []).filter((parameter) => parameter.required).map(({ name }) => `${path}?${name}`),
  );
  expect(required).toEqual([
    '/api/v1/metrics/history?metric',
    '/api/v1/metrics/summary?metric',
    '/api/monitoring/history?metric',
  ]);
});

test('only what may be open is open', () => {
  expect(routes.filter(({ needs }) => needs === 'open').map(({ path }) => path)).toEqual([
    '/health',
    '/ready',
    '/live',
    '/readiness',
    '/liveness',
    '/openapi.json',
  ]);
});

test('a permission on a stream is asked for where the path names one', () => {
  for (const { path, needs } of routes.filter(({ path }) => path.includes('{stream}')))
    expect([path, needs]).toMatchObject([path, { scope: 'stream' }]);
});

test('docs/API.md names every path', () => {
  const text = readFileSync(new URL('../../../docs/API.md', import.meta.url), 'utf8');
  for (const { path } of routes) expect(text).toContain(path);
});
