/** Fields of JSON that came from outside: undefined unless they are of the wanted type. */

export function value(from: unknown, key: string): unknown {
  return typeof from === 'object' && from !== null ? Reflect.get(from, key) : undefined;
}

/** Not empty. */
export function text(from: unknown, key: string): string | undefined {
  const found = value(from, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

export function number(from: unknown, key: string): number | undefined {
  const found = value(from, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function list(from: unknown, key: string): readonly unknown[] | undefined {
  const found = value(from, key);
  return Array.isArray(found) ? found : undefined;
}

/** Its text values. */
export function record(from: unknown): Readonly<Record<string, string>> {
  if (typeof from !== 'object' || from === null) return {};
  return Object.fromEntries(
    Object.entries(from).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
