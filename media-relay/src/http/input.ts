import type { z } from 'zod';

import { HttpProblem } from './errors.ts';

/** Query parameters by a schema; throws HttpProblem naming the field. Values are not repeated: they may be secrets. */
export function readQuery<S extends z.ZodObject>(schema: S, query: URLSearchParams): z.infer<S> {
  const fields = new Map<string, string>();
  for (const [name, value] of query) {
    if (fields.has(name))
      throw new HttpProblem('bad-request', `The parameter "${short(name)}" appears twice.`);
    fields.set(name, value);
  }
  return check(schema, Object.fromEntries(fields), 'parameter');
}

export function readBody<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  return check(schema, body, 'field');
}

function check<S extends z.ZodType>(schema: S, value: unknown, noun: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const sentences = parsed.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.');
    return path === '' ? issue.message : `The ${noun} "${short(path)}": ${issue.message}`;
  });
  throw new HttpProblem('bad-request', short(`${sentences.join('. ')}.`, 500));
}

function short(text: string, limit = 60): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
