import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { HttpProblem, problems, sendProblem, toProblem } from './errors.ts';
import type { ProblemCode } from './errors.ts';
import { problemSchema } from './schemas.ts';

const codes = Object.keys(problems) as ProblemCode[];

test('no code is 401: Grafana would turn it into 400', () => {
  for (const code of codes) {
    expect(problems[code].status).toBeGreaterThanOrEqual(400);
    expect(problems[code].status).not.toBe(401);
  }
});

test.each(codes)('%s has the shape of RFC 9457 on the wire', async (code) => {
  const server = createServer((_request, response) => {
    sendProblem(
      response,
      new HttpProblem(code, 'Detail.', { retryAfterSeconds: 1.2, headers: { Allow: 'GET' } }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const body: unknown = await response.json();
  server.close();
  expect(response.status).toBe(problems[code].status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('retry-after')).toBe('2');
  expect(response.headers.get('allow')).toBe('GET');
  expect(problemSchema.parse(body)).toEqual({
    type: `urn:sightline:problem:${code}`,
    title: problems[code].title,
    status: problems[code].status,
    detail: 'Detail.',
    code,
    retryAfterSeconds: 1.2,
  });
});

test('503 and 429 always say when to come back', () => {
  for (const code of codes.filter((code) => problems[code].status === 503 || problems[code].status === 429))
    expect(new HttpProblem(code, '').retryAfterSeconds).toBeGreaterThan(0);
});

test('what nobody foresaw is internal and shows nothing of itself', () => {
  const problem = toProblem(new Error('password hunter2'));
  expect(problem.code).toBe('internal');
  expect(problem.body()).not.toContain('hunter2');
  expect(toProblem('text').code).toBe('internal');
  expect(toProblem(Object.assign(new Error('x'), { type: 'entity.too.large' })).code).toBe(
    'payload-too-large',
  );
});

test('docs/API.md lists every code under its status', () => {
  const text = readFileSync(new URL('../../../docs/API.md', import.meta.url), 'utf8');
  for (const code of codes) {
    const row = text.split('\n').find((line) => line.startsWith(`| ${problems[code].status} `));
    expect(row ?? '').toContain(`\`${code}\``);
  }
});
