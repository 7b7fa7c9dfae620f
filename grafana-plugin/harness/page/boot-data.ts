/** @grafana/runtime reads this when it is imported, so this module comes first. */
const settings: unknown = JSON.parse(document.getElementById('settings')?.textContent ?? '{}');

export interface HarnessSettings {
  readonly appSubUrl: string;
  readonly language: string;
  readonly theme: 'light' | 'dark';
  readonly relayName: string;
  readonly relayUid: string;
  readonly publicDashboard: boolean;
  /** Grafana's. */
  readonly version: string;
}

export const harnessSettings = settings as HarnessSettings;

Object.assign(window, {
  grafanaBootData: {
    settings: {
      appSubUrl: harnessSettings.appSubUrl,
      buildInfo: { version: harnessSettings.version, commit: '', env: 'production' },
      ...(harnessSettings.publicDashboard
        ? { publicDashboardAccessToken: 'a-link-that-anybody-may-open' }
        : {}),
    },
    user: {
      language: harnessSettings.language,
      theme: harnessSettings.theme,
      lightTheme: harnessSettings.theme === 'light',
    },
    navTree: [],
  },
});
