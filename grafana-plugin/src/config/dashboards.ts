/** The dashboards that come with this app (provisioning/dashboards), as far as they are installed here. Pure. */
export const dashboardUids = [
  'sightline-wall',
  'sightline-fleet',
  'sightline-camera',
  'sightline-host',
  'sightline-slo',
  'sightline-alerts',
] as const;

export interface DashboardFound {
  readonly uid: string;
  readonly title: string;
  /** Path with Grafana's sub-path. */
  readonly url: string;
}

/** Of the answer to Grafana's search: in the order of the list; those that the user may not see are missing. */
export function dashboardsFrom(answer: unknown): readonly DashboardFound[] {
  if (!Array.isArray(answer)) return [];
  const found = answer.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const [uid, title, url] = ['uid', 'title', 'url'].map((key): unknown => Reflect.get(entry, key));
    if (typeof uid !== 'string' || typeof title !== 'string' || typeof url !== 'string') return [];
    // A link leads to a page of this Grafana, whatever an answer says.
    return url.startsWith('/') && !url.startsWith('//') ? { uid, title, url } : [];
  });
  return dashboardUids.flatMap((uid) => found.find((dashboard) => dashboard.uid === uid) ?? []);
}
