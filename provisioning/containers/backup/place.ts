/** One thing that is saved and restored. Its name is that of its folder or file in a backup. */
export type Place =
  | { readonly kind: 'folder'; readonly name: string; readonly path: string; readonly runsAt?: URL }
  /** A file of SQLite, saved while it is in use. */
  | { readonly kind: 'sqlite'; readonly name: string; readonly path: string; readonly runsAt?: URL }
  /** A store of Prometheus, saved through its admin API (--web.enable-admin-api). `path` is its --storage.tsdb.path. */
  | { readonly kind: 'prometheus'; readonly name: string; readonly path: string; readonly runsAt: URL };

/** As docker-compose.yml mounts them in its service `backup`. `runsAt`: what must not run while it is restored. */
export const composePlaces: readonly Place[] = [
  { kind: 'folder', name: 'relay', path: '/data/relay', runsAt: new URL('http://relay:8640/live') },
  {
    kind: 'sqlite',
    name: 'grafana.db',
    path: '/data/grafana/grafana.db',
    runsAt: new URL('http://grafana:3000/api/health'),
  },
  { kind: 'folder', name: 'grafana-secrets', path: '/data/grafana-secrets' },
  { kind: 'folder', name: 'prometheus-secrets', path: '/data/prometheus-secrets' },
  { kind: 'folder', name: 'exporter-secrets', path: '/data/exporter-secrets' },
  {
    kind: 'prometheus',
    name: 'prometheus',
    path: '/data/prometheus',
    runsAt: new URL('http://prometheus:9090/'),
  },
  ...['long', '5m', '1h', '1d'].map((tier) => ({
    kind: 'prometheus' as const,
    name: `prometheus-${tier}`,
    path: `/data/prometheus-${tier}`,
    runsAt: new URL(`http://prometheus-${tier}:9090/`),
  })),
];
