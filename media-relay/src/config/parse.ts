import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import type { ConfigProblem } from './config-error.ts';
import { ConfigError, splitMessage } from './config-error.ts';
import type { Fault } from './describe-issue.ts';
import { describeIssue } from './describe-issue.ts';
import type { Environment } from './environment.ts';
import { readEnvironment } from './environment.ts';
import type { Config, TokenConfig } from './schema.ts';
import { configSchema, isToken, tokenRule } from './schema.ts';
import { defaultStateDir } from './state-dir.ts';
import { prepareTree } from './tree.ts';
import type { YamlSource } from './yaml-source.ts';
import { parseYaml } from './yaml-source.ts';

const unprovable =
  'would refuse everybody who comes through Grafana: without its address nobody is proven; set grafana.url';

export interface ParseOptions {
  /** As the user named it; relative paths inside it start from its folder. */
  readonly file: string;
  readonly environment: Environment;
  /** Reads a token file; throws when it cannot. */
  readonly readText: (path: string) => string;
}

/** Text of a configuration file and the environment to a configuration. Throws ConfigError and nothing else. */
export function parseConfig(text: string, options: ParseOptions): Config {
  const { file, environment } = options;
  const yaml = parseYaml(text, file);
  if (!yaml.ok) throw new ConfigError(yaml.problems);

  const { overrides, problems } = readEnvironment(environment);
  const report = new Report(
    file,
    yaml.source,
    new Map(overrides.map(({ path, variable }) => [path.join('.'), variable])),
  );
  problems.forEach((problem) => report.problems.push(problem));

  const raw = prepareTree(yaml.source.value, overrides, environment, (fault) => report.add(fault));
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    parsed.error.issues.flatMap((issue) => describeIssue(issue, raw)).forEach((fault) => report.add(fault));
    throw report.asError();
  }
  const config = finish(parsed.data, options, report);
  if (report.problems.length > 0) throw report.asError();
  return config;
}

/** Collects problems and finds the place of each. */
class Report {
  readonly problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #source: YamlSource;
  readonly #variables: ReadonlyMap<string, string>;

  constructor(file: string, source: YamlSource, variables: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#source = source;
    this.#variables = variables;
  }

  /** One problem for each place: what else is wrong with a value shows when the first is mended. */
  add({ path, at, message }: Fault): void {
    const variable = this.#variableOf(path);
    const place = at === 'key' ? this.#source.placeOfKey(path) : this.#source.placeOf(path);
    const found: ConfigProblem =
      variable === undefined
        ? {
            file: this.#file,
            ...place,
            field: formatPath(at === 'key' ? path.slice(0, -1) : path),
            ...splitMessage(message),
          }
        : { file: undefined, line: undefined, column: undefined, field: variable, ...splitMessage(message) };
    const isKnown = this.problems.some(
      ({ line, column, field }) => line === found.line && column === found.column && field === found.field,
    );
    if (!isKnown) this.problems.push(found);
  }

  asError(): ConfigError {
    const inOrder = this.problems.toSorted(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
    return new ConfigError(inOrder);
  }

  /** An entry of a list that a variable gave: the variable stands for the whole list. */
  #variableOf(path: readonly PropertyKey[]): string | undefined {
    const longest = path.map((_, index) => path.slice(0, path.length - index).join('.'));
    const known = longest.find((key) => this.#variables.has(key));
    return known === undefined ? undefined : this.#variables.get(known);
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

function finish(parsed: z.output<typeof configSchema>, options: ParseOptions, report: Report): Config {
  const folder = dirname(resolve(options.file));
  if (parsed.access.length > 0 && parsed.grafana.url === undefined)
    report.add({ path: ['access'], at: 'value', message: unprovable });
  const { tls, ...http } = parsed.http;
  const { file: logFile, ...log } = parsed.log;
  return {
    ...parsed,
    http: {
      ...http,
      ...(tls && { tls: { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) } }),
    },
    decode: { ...parsed.decode, ffmpeg: programPath(parsed.decode.ffmpeg, folder) },
    ...(parsed.snapshots && {
      snapshots: { ...parsed.snapshots, directory: resolve(folder, parsed.snapshots.directory) },
    }),
    log: {
      ...log,
      ...(logFile && { file: { ...logFile, path: resolve(folder, logFile.path) } }),
    },
    stateDir:
      parsed.stateDir === undefined
        ? defaultStateDir(options.environment, homedir())
        : resolve(folder, parsed.stateDir),
    tokens: readTokens(parsed.tokens, folder, options, report),
    streams: new Map(Object.entries(parsed.streams)),
  };
}

/** As a shell does it: what has a slash is a file, the rest is looked for on the PATH. */
function programPath(program: string, folder: string): string {
  return /[\\/]/.test(program) ? resolve(folder, program) : program;
}

function readTokens(
  tokens: z.output<typeof configSchema>['tokens'],
  folder: string,
  { readText }: ParseOptions,
  report: Report,
): TokenConfig[] {
  const owners = new Map<string, string>();
  return tokens.flatMap(({ token: written, tokenFile, ...rest }, index) => {
    const complain = (message: string): void =>
      report.add({
        path: ['tokens', index, written === undefined ? 'tokenFile' : 'token'],
        at: 'value',
        message,
      });
    const token = written ?? readToken(resolve(folder, tokenFile ?? ''), readText, complain);
    if (token === undefined) return [];
    const owner = owners.get(token);
    if (owner !== undefined) complain(`is the token of "${owner}" as well; give each a token of its own`);
    owners.set(token, rest.name);
    return [{ ...rest, token }];
  });
}

function readToken(
  path: string,
  readText: ParseOptions['readText'],
  complain: (message: string) => void,
): string | undefined {
  try {
    const text = readText(path).trim();
    if (isToken(text)) return text;
    complain(`the file holds no token; ${tokenRule}`);
  } catch (error) {
    complain(`cannot be read (${errorCode(error)}); check the path and the permissions`);
  }
  return undefined;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown error';
}
