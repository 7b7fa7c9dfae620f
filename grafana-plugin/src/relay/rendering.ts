/** Grafana's image renderer opens pages so; it waits until all requests have ended, so nothing may go on for ever. */
export function isRendering(search: string = location.search): boolean {
  const query = new URLSearchParams(search);
  return query.get('render') === '1' || query.get('render') === 'true';
}
