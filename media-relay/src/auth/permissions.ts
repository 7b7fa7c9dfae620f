/** What a principal may do, and on which streams. Nothing is implied: `admin` does not contain `view`. */
export const permissions = ['view', 'publish', 'metrics', 'admin'] as const;
export type Permission = (typeof permissions)[number];

/** One permission on the streams whose names match one of the patterns (`*`, `lobby-*`). */
export interface Grant {
  readonly permission: Permission;
  readonly streams: readonly string[];
}

export interface Principal {
  readonly kind: 'token' | 'local-browser' | 'anonymous';
  /** For logs: the token's name, "local-browser" or "anonymous". */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Patterns that every grant is cut down to (access rules for a Grafana user); undefined cuts nothing. */
  readonly narrowedTo: readonly string[] | undefined;
  /** The verified Grafana user behind a token, for logs. */
  readonly user: string | undefined;
}

export const anonymous: Principal = {
  kind: 'anonymous',
  name: 'anonymous',
  grants: [],
  narrowedTo: undefined,
  user: undefined,
};

/** What a route asks for: a permission on one stream, on any stream at all, or on every stream there can be. */
export type Scope = { readonly stream: string } | 'any' | 'all';

export function isAllowed(principal: Principal, permission: Permission, scope: Scope): boolean {
  const patterns = principal.grants
    .filter((grant) => grant.permission === permission)
    .flatMap((grant) => grant.streams);
  return (
    covers(patterns, scope) && (principal.narrowedTo === undefined || covers(principal.narrowedTo, scope))
  );
}

function covers(patterns: readonly string[], scope: Scope): boolean {
  if (scope === 'any') return patterns.length > 0;
  if (scope === 'all') return patterns.includes('*');
  return patterns.some((pattern) => matchesPattern(pattern, scope.stream));
}

const patternSyntax = /^[A-Za-z0-9._*-]{1,64}$/;

/** Letters, digits, `.`, `_`, `-` as in a stream's name, and `*` for any run of characters. */
export function isStreamPattern(text: string): boolean {
  return patternSyntax.test(text);
}

/** Two pointers instead of a regular expression: linear per star, whatever the configuration says. */
export function matchesPattern(pattern: string, name: string): boolean {
  let atPattern = 0;
  let atName = 0;
  let lastStar = -1;
  let resumeAt = 0;
  while (atName < name.length) {
    if (pattern[atPattern] === '*') {
      lastStar = atPattern++;
      resumeAt = atName;
    } else if (pattern[atPattern] === name[atName]) {
      atPattern++;
      atName++;
    } else if (lastStar >= 0) {
      atPattern = lastStar + 1;
      atName = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[atPattern] === '*') atPattern++;
  return atPattern === pattern.length;
}
