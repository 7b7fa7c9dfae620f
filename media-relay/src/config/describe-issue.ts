import type { z } from 'zod';

import type { Setting } from './environment.ts';
import { settings } from './environment.ts';
import { nearest } from './nearest.ts';

/** Something wrong with the value of a field, or with its key. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly at: 'value' | 'key';
  /** "problem; remedy" */
  readonly message: string;
}

/** A complaint of the schema in our words. They never show the value: it may be a password in the wrong place. */
export function describeIssue(issue: z.core.$ZodIssue, root: unknown): Fault[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], at: 'key', message: unknownKey(key, path) }));
    case 'invalid_key':
      return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_type':
      return [{ path, at: 'value', message: wrongType(issue.expected, valueAt(root, path), path) }];
    case 'invalid_value':
      return [{ path, at: 'value', message: oneOf(issue.values.map(String), valueAt(root, path)) }];
    case 'too_small':
      return [
        {
          path,
          at: 'value',
          message: `is too ${small(issue.origin)}; ${atLeast(issue.origin, issue.minimum)}`,
        },
      ];
    case 'too_big':
      return [
        { path, at: 'value', message: `is too ${big(issue.origin)}; ${atMost(issue.origin, issue.maximum)}` },
      ];
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_element':
    case 'custom':
      return [{ path, at: 'value', message: issue.message }];
  }
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  const known = settingsAt(path).map((setting) => setting.path.at(-1) ?? '');
  const hint = nearest(key, known);
  // Shown only when it resembles one of ours: what else it is, nobody knows.
  return hint === undefined
    ? `unknown key; known here: ${known.join(', ')}`
    : `unknown key "${key}"; did you mean "${hint}"?`;
}

/** What the schema knows inside a path of the file: list entries and names become `[]` and `NAME`. */
function settingsAt(path: readonly PropertyKey[]): readonly Setting[] {
  let inner: readonly Setting[] = settings;
  for (let index = 0; index < path.length; index++) {
    const setting = inner.find((candidate) => candidate.path.at(-1) === path[index]);
    if (setting === undefined) return [];
    inner = setting.settings;
    if (setting.kind === 'groups' || setting.kind === 'table') index++;
  }
  return inner;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
};

function wrongType(expected: string, value: unknown, path: readonly PropertyKey[]): string {
  const wanted = typeNames[expected] ?? expected;
  if (value === undefined) return `is missing; add ${String(path.at(-1))}: with ${wanted}`;
  if (value === null) return `is empty; write ${wanted}`;
  if (expected === 'string' && typeof value !== 'object') return 'must be text; put it in quotes';
  if (expected === 'array') return 'must be a list; write [one, two]';
  return `must be ${wanted}; it is ${actualType(value)}`;
}

function actualType(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function oneOf(values: readonly string[], value: unknown): string {
  const hint = typeof value === 'string' ? nearest(value, values) : undefined;
  return `is not one of ${values.join(', ')}; ${hint === undefined ? 'choose one of them' : `did you mean ${hint}?`}`;
}

function small(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'short' : 'small';
}

function big(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'long' : 'big';
}

function atLeast(origin: string, minimum: number | bigint): string {
  return `use at least ${minimum}${unit(origin)}`;
}

function atMost(origin: string, maximum: number | bigint): string {
  return `use at most ${maximum}${unit(origin)}`;
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    root,
  );
}
