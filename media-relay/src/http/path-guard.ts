/**
 * In front of the router. Grafana's data source proxy passes `whep/%2e%2e/admin` on with the token of the view route, so
 * a path that could mean two things to two programs is refused instead of understood. Nothing is decoded or normalised.
 */
export type PathVerdict =
  | { readonly ok: true; readonly segments: readonly string[] }
  | { readonly ok: false; readonly detail: string };

const segmentSyntax = /^[A-Za-z0-9._~-]+$/;

/** @param target the request target as it was sent: path and query. `/` has no segments. */
export function guardPath(target: string): PathVerdict {
  if (!target.startsWith('/')) return refuse('The request target must be a path.');
  const [path = ''] = target.split('?', 1);
  if (path.includes('%')) return refuse('The path must not hold percent-escapes.');
  if (path === '/') return { ok: true, segments: [] };

  const segments = path.slice(1).split('/');
  for (const segment of segments) {
    if (segment === '') return refuse('The path must not hold empty segments, nor end in a slash.');
    if (segment === '.' || segment === '..') return refuse('The path must not hold "." or ".." segments.');
    if (!segmentSyntax.test(segment))
      return refuse('The path may hold letters, digits, ".", "_", "~", "-" and slashes only.');
  }
  return { ok: true, segments };
}

function refuse(detail: string): PathVerdict {
  return { ok: false, detail };
}

const nameSyntax = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Names of streams: they begin with a letter or digit, so none is "." or "..". */
export function isStreamName(text: string): boolean {
  return nameSyntax.test(text);
}
