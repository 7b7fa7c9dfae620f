import { z } from 'zod';

import type { ConfigProblem } from './config-error.ts';
import { nearest } from './nearest.ts';
import { configSchema } from './schema.ts';

/** One key of the configuration, as the schema describes it. */
export interface Setting {
  readonly path: readonly string[];
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'group' | 'table' | 'groups';
  readonly description: string;
  readonly isRequired: boolean;
  readonly defaultValue: unknown;
  readonly values: readonly string[] | undefined;
  /** Keys inside a group; of each entry for `groups` (a list) and `table` (by name). */
  readonly settings: readonly Setting[];
  /** `SIGHTLINE_HTTP_PORT`; undefined where no variable can stand for it. */
  readonly variable: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
}

const prefix = 'SIGHTLINE_';
/** Read by the command line, not a key of the file. */
export const configFileVariable = 'SIGHTLINE_CONFIG';

/** Every key that a configuration can have, in the order of the schema. */
export const settings: readonly Setting[] = settingsOf(
  z.toJSONSchema(configSchema, { io: 'input' }) as unknown as JsonSchema,
  [],
  true,
);

function settingsOf(schema: JsonSchema, path: readonly string[], isFixedPlace: boolean): Setting[] {
  return Object.entries(schema.properties ?? {}).map(([key, value]) =>
    settingOf(value, [...path, key], schema.required?.includes(key) === true, isFixedPlace),
  );
}

function settingOf(
  schema: JsonSchema,
  path: readonly string[],
  isRequired: boolean,
  isFixedPlace: boolean,
): Setting {
  const kind = kindOf(schema);
  const isPlain = kind !== 'group' && kind !== 'groups' && kind !== 'table';
  return {
    path,
    kind,
    description: schema.description ?? '',
    isRequired,
    defaultValue: kind === 'group' ? undefined : schema.default,
    values: schema.enum ?? schema.items?.enum,
    settings: innerSettings(schema, kind, path, isFixedPlace),
    variable: isPlain && isFixedPlace ? variableName(path) : undefined,
  };
}

function innerSettings(
  schema: JsonSchema,
  kind: Setting['kind'],
  path: readonly string[],
  isFixedPlace: boolean,
): Setting[] {
  if (kind === 'group') return settingsOf(schema, path, isFixedPlace);
  if (kind === 'groups' && schema.items) return settingsOf(schema.items, [...path, '[]'], false);
  if (kind === 'table' && typeof schema.additionalProperties === 'object')
    return settingsOf(schema.additionalProperties, [...path, 'NAME'], false);
  return [];
}

function kindOf(schema: JsonSchema): Setting['kind'] {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return schema.items?.type === 'object' ? 'groups' : 'list';
    case 'object':
      return schema.properties === undefined ? 'table' : 'group';
    case undefined:
    default:
      return 'text';
  }
}

function variableName(path: readonly string[]): string {
  return prefix + path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_');
}

function withVariables(list: readonly Setting[]): Setting[] {
  return list.flatMap((setting) =>
    setting.kind === 'group'
      ? withVariables(setting.settings)
      : setting.variable === undefined
        ? []
        : [setting],
  );
}

const byVariable = new Map(withVariables(settings).map((setting) => [setting.variable ?? '', setting]));

export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What the SIGHTLINE_* variables say; an empty one says nothing. A name that no key has is a problem. */
export function readEnvironment(environment: Environment): {
  overrides: Override[];
  problems: ConfigProblem[];
} {
  const overrides: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || variable === configFileVariable || text === undefined) continue;
    const setting = byVariable.get(variable);
    if (setting === undefined) problems.push(unknownVariable(variable));
    else if (text !== '') overrides.push({ variable, path: setting.path, value: toValue(setting, text) });
  }
  return { overrides, problems };
}

/** What cannot be converted stays text, and the schema says what is wrong with it. */
function toValue(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'number':
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'text':
    case 'group':
    case 'groups':
    case 'table':
      return text;
  }
}

function unknownVariable(variable: string): ConfigProblem {
  const hint = nearest(
    variable.slice(prefix.length),
    [...names()].map((name) => name.slice(prefix.length)),
  );
  return {
    file: undefined,
    line: undefined,
    column: undefined,
    field: variable,
    problem: 'there is no such setting',
    remedy:
      hint === undefined
        ? 'unset it (docs/CONFIGURATION.md lists them all)'
        : `did you mean ${prefix}${hint}?`,
  };
}

function names(): Iterable<string> {
  return [...byVariable.keys(), configFileVariable];
}
