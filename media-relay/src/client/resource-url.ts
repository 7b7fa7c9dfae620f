/** What the session's own address may be made of: as the relay makes its ids. */
const idSyntax = /^[A-Za-z0-9._~-]+$/;

/**
 * The session that `Location` names (RFC 9725 4.2), absolute; undefined unless it lies right below the address of the offer. A
 * session elsewhere would receive this page's token, and in Grafana whatever the user may do there: DELETE /api/dashboards/...
 */
export function resourceUrlFrom(location: string | null, whepUrl: string): string | undefined {
  if (location === null || !URL.canParse(location, whepUrl)) return undefined;
  const offered = new URL(whepUrl);
  const { origin, pathname } = new URL(location, offered);
  const below = `${offered.pathname}/`;
  if (origin !== offered.origin || !pathname.startsWith(below)) return undefined;
  return idSyntax.test(pathname.slice(below.length)) ? `${origin}${pathname}` : undefined;
}
