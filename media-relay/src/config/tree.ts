import type { Fault } from './describe-issue.ts';
import type { Environment, Override } from './environment.ts';
import { substituteVariables } from './variables.ts';

const emptyStream = 'is empty; write the address of the camera, like rtsp://10.0.0.5/stream';

type Tree = Record<string, unknown>;

/**
 * What the file says, ready for the schema: empty sections left out, `lobby: rtsp://...` written in full, SIGHTLINE_*
 * put over it, `${NAME}` replaced. What has the wrong shape stays as it is, for the schema to complain about.
 */
export function prepareTree(
  fromFile: unknown,
  overrides: readonly Override[],
  environment: Environment,
  complain: (fault: Fault) => void,
): unknown {
  // An empty file, or one with comments only.
  const value = fromFile ?? {};
  if (!isTree(value)) return value;
  // `streams:` with every line below it commented out is no mistake.
  const tree = Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
  overrides.forEach((override) => setIn(tree, override.path, override.value));

  const replace = (path: readonly PropertyKey[], text: unknown): unknown => {
    if (typeof text !== 'string') return text;
    const result = substituteVariables(text, environment);
    if (result.ok) return result.text;
    complain({ path, at: 'value', message: result.message });
    return text;
  };

  const { streams, tokens } = tree;
  if (isTree(streams)) {
    tree['streams'] = mapTree(streams, (stream, name) => {
      if (stream === null) complain({ path: ['streams', name], at: 'value', message: emptyStream });
      const settings = typeof stream === 'string' ? { url: stream } : stream;
      if (!isTree(settings)) return settings;
      const addresses = ['url', 'substream'].filter((key) => key in settings);
      const replaced = addresses.map((key) => [key, replace(['streams', name, key], settings[key])] as const);
      return { ...settings, ...Object.fromEntries(replaced) };
    });
  }
  if (Array.isArray(tokens)) {
    tree['tokens'] = tokens.map((entry: unknown, index) => {
      if (!isTree(entry) || !('token' in entry)) return entry;
      return { ...entry, token: replace(['tokens', index, 'token'], entry['token']) };
    });
  }
  return tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapTree(tree: Tree, change: (value: unknown, key: string) => unknown): Tree {
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, change(value, key)]));
}

function setIn(tree: Tree, [key, ...rest]: readonly string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const section = tree[key] ?? {};
  if (!isTree(section)) return;
  // A copy: through an alias two sections of the file can be one object.
  const copy = { ...section };
  tree[key] = copy;
  setIn(copy, rest, value);
}
