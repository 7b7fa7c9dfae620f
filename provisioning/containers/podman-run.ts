/**
 * One service of docker-compose.yml as arguments of `podman run`, for hosts without Docker's compose: what limits and protects it, what it
 * mounts and is told. Not what compose adds: order, networks, health by others.
 */
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const serviceSchema = z.object({
  image: z.string(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  user: z.string().optional(),
  network_mode: z.string().optional(),
  mem_limit: z.string(),
  memswap_limit: z.string().optional(),
  pids_limit: z.number(),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), text).default({}),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).default([]),
});
const composeSchema = z.object({ services: z.record(z.string(), z.unknown()) });

export interface RunOptions {
  /** Folder of docker-compose.yml. */
  readonly root: string;
  /** Before the names of volumes. */
  readonly project: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Instead of those of the file: `127.0.0.1:18640:8640`. */
  readonly ports?: readonly string[];
  /** Instead of that of the file. */
  readonly command?: readonly string[];
}

/** Throws ZodError for a file that is not understood. */
export function podmanRunArguments(composeText: string, name: string, options: RunOptions): string[] {
  const { root, project, variables } = options;
  const { services } = composeSchema.parse(parse(composeText, { merge: true }));
  const service = serviceSchema.parse(withVariables(services[name], variables));
  const flags = (flag: string, values: readonly string[]): string[] =>
    values.flatMap((value) => [flag, value]);
  const [program, ...rest] = service.entrypoint ?? [];
  return [
    ...(service.read_only ? ['--read-only'] : []),
    ...flags('--cap-drop', service.cap_drop),
    ...flags('--cap-add', service.cap_add),
    ...flags(
      '--security-opt',
      service.security_opt.map((option) => option.replace(/:true$/, '')),
    ),
    ...flags('--user', service.user === undefined ? [] : [service.user]),
    ...flags('--network', service.network_mode === undefined ? [] : [service.network_mode]),
    '--memory',
    service.mem_limit,
    '--memory-swap',
    service.memswap_limit ?? service.mem_limit,
    '--pids-limit',
    String(service.pids_limit),
    ...flags('--publish', options.ports ?? service.ports),
    ...flags(
      '--env',
      Object.entries(service.environment).map(([key, value]) => `${key}=${value}`),
    ),
    ...flags(
      '--volume',
      service.volumes.map((volume) => absolute(volume, root, project)),
    ),
    ...flags('--tmpfs', service.tmpfs),
    ...(program === undefined ? [] : ['--entrypoint', program]),
    service.image,
    ...rest,
    ...(options.command ?? service.command),
  ];
}

/** `${NAME:-default}` is replaced; `$$` is a plain `$`. */
function withVariables(value: unknown, variables: RunOptions['variables']): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\$|\$\{(\w+):-([^}]*)\}/g, (all, name: string | undefined, otherwise: string) =>
      name === undefined ? all.slice(1) : variables[name] || otherwise,
    );
  if (Array.isArray(value)) return value.map((item: unknown) => withVariables(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withVariables(item, variables)]),
  );
}

function absolute(volume: string, root: string, project: string): string {
  const [source = '', ...rest] = volume.split(':');
  const from = source.startsWith('.')
    ? join(root, source)
    : source.startsWith('/')
      ? source
      : `${project}_${source}`;
  return [from, ...rest].join(':');
}
