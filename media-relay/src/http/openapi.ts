// OpenAPI 3.0.3, made from the route table and the schemas that the handlers check with: it cannot fall behind them.
import { z } from 'zod';

import { problems } from './errors.ts';
import type { ProblemCode } from './errors.ts';
import type { Answer, Route } from './route.ts';
import { bodyTypes } from './route.ts';
import { problemSchema } from './schemas.ts';

export function describeApi(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const item = (paths[route.path] ??= pathItem(route.path));
    item[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'Sightline media relay',
      version,
      description:
        'Every path also answers OPTIONS. Errors are problem details (RFC 9457) with a stable `code`.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '.' }],
    paths,
    components: {
      schemas: { Problem: toSchema(problemSchema, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'X-Sightline-Token' },
      },
    },
  };
}

function pathItem(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (names.length === 0) return {};
  return {
    parameters: names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', pattern: '^[A-Za-z0-9._~-]+$' },
    })),
  };
}

function operation({ id, summary, needs, query, body, answers, problems }: Route): Record<string, unknown> {
  const codes: ProblemCode[] = ['bad-path', ...problems];
  if (needs !== 'open') codes.push('forbidden', 'rate-limited');
  if (body !== undefined) codes.push('unsupported-media-type', 'payload-too-large');
  return {
    operationId: id,
    summary,
    description:
      needs === 'open' ? 'Open to all.' : `Needs the permission \`${needs.permission}\` (${needs.scope}).`,
    security: needs === 'open' ? [] : [{ bearer: [] }, { header: [] }],
    ...(query === undefined ? {} : { parameters: queryParameters(query) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              [bodyTypes[body.kind]]: {
                schema: body.schema === undefined ? { type: 'string' } : toSchema(body.schema, 'input'),
              },
            },
          },
        }),
    responses: {
      ...problemResponses(codes),
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
    },
  };
}

function queryParameters(query: z.ZodObject): unknown[] {
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !(schema as z.ZodType).safeParse(undefined).success,
    schema: toSchema(schema as z.ZodType, 'input'),
  }));
}

function response({ description, schema, type, headers }: Answer): Record<string, unknown> {
  const contentType = type ?? (schema === undefined ? undefined : 'application/json');
  return {
    description,
    ...(contentType === undefined
      ? {}
      : {
          content: {
            [contentType]: { schema: schema === undefined ? { type: 'string' } : toSchema(schema, 'output') },
          },
        }),
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [
              name,
              { description: text, schema: { type: 'string' } },
            ]),
          ),
        }),
  };
}

/** One response per status; its description lists the codes. */
function problemResponses(codes: readonly ProblemCode[]): Record<string, unknown> {
  const byStatus = Map.groupBy(new Set(codes), (code) => String(problems[code].status));
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' });
}
