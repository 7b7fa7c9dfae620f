/** What a screen in the NOC shows in turn; Grafana takes it by `POST /api/playlists`, and has no file provisioning for playlists. */
export function nocPlaylist(): object {
  return {
    name: 'Sightline NOC',
    interval: '1m',
    items: ['sightline-wall', 'sightline-fleet', 'sightline-slo', 'sightline-alerts'].map((value) => ({
      type: 'dashboard_by_uid',
      value,
    })),
  };
}
