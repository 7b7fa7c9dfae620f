/** Shorter ones would blank out ordinary words; inside addresses and headers they are found by their place. */
const minSecretLength = 6;

/**
 * A text without credentials of addresses, tokens and passwords of headers and queries, and the secrets we know of: the
 * longest first, as one may begin with another. It may hide more than it must, never less: an unescaped "/" or "@" in a password does not end it.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let result = text
    .replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)\S*@/gi, '$1***@')
    .replace(/\b(Bearer|Basic)(\s+)[A-Za-z0-9._~+/=-]{6,}/gi, '$1$2***')
    .replace(/\b(response="?)[0-9a-f]{32,}/gi, '$1***')
    .replace(/\b(x-sightline-token["']?\s*[:=]\s*["']?)[^\s"',]+/gi, '$1***')
    .replace(
      /([/?&;][^=&/\s]{0,30}(?:token|passw|pwd|secret|auth|key)[^=&/\s]{0,30}=)[^&\s"'<>]+/gi,
      '$1***',
    );
  for (const secret of secrets)
    if (secret.length >= minSecretLength) result = result.replaceAll(secret, '***');
  return result;
}
