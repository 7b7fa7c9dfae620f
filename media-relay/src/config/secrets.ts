import type { Config } from './schema.ts';

/** Every password and token of a configuration, as written and decoded, for logs to leave out. */
export function secretsOf(config: Config): Set<string> {
  const secrets = new Set(config.tokens.map(({ token }) => token));
  for (const stream of config.streams.values())
    for (const secret of secretsOfStream(stream)) secrets.add(secret);
  return secrets;
}

export function secretsOfStream(stream: {
  readonly url: string;
  readonly substream?: string | undefined;
}): string[] {
  return [stream.url, stream.substream ?? ''].flatMap(secretsOfUrl);
}

export function secretsOfUrl(url: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^:@/?#]*:([^/?#]*)@/i.exec(url)?.[1];
  // Some cameras want it in the path or the query.
  const parameters = url.matchAll(/[/?&;](?:pass(?:word|wd)?|pwd|psw|token|secret)=([^&/;#]+)/gi);
  return [password, ...[...parameters].map((match) => match[1])]
    .filter((text) => text !== undefined)
    .flatMap((text) => [text, decoded(text)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
