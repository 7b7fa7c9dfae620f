/** @grafana/runtime reads this when it is imported, so this module comes first. */
const settings: unknown = JSON.parse(document.getElementById('settings')?.textContent ?? '{}');

export interface HarnessSettings {
  readonly appSubUrl: string;
  readonly language: string;
  readonly theme: 'light' | 'dark';
  readonly relayName: string;
  readonly relayUid: string;
  readonly role: 'Viewer' | 'Editor' | 'Admin';
  /** Exposed components of Grafana's that are to be missing, as in an older one. */
  readonly lacks: readonly string[];
  readonly publicDashboard: boolean;
  /** Grafana's. */
  readonly version: string;
}

export const harnessSettings = settings as HarnessSettings;

/** What Grafana lets each role do, as far as the plugins ask. */
const editorMay = ['annotations:create', 'dashboards:create', 'dashboards:write', 'alert.rule:create'];

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
      orgRole: harnessSettings.role,
      permissions:
        harnessSettings.role === 'Viewer'
          ? {}
          : Object.fromEntries(editorMay.map((action) => [action, true])),
      lightTheme: harnessSettings.theme === 'light',
    },
    navTree: [],
  },
});
