/** As plugin.json's `grafanaDependency`, which Grafana looks at when it installs a plugin, not when it loads one. */
export const oldestGrafana = { major: 12, minor: 4 };

/** A version that cannot be read, or is hidden from those who have not logged in, is taken to be new enough. */
export function isTooOld(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  const ahead = Number(major) - oldestGrafana.major || Number(minor) - oldestGrafana.minor;
  return ahead < 0;
}
