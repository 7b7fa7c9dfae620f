/** Every password of a stream's addresses, as written and decoded, for logs to leave out. */
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
