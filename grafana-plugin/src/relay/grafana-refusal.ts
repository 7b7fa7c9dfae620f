/**
 * What Grafana itself says instead of the relay. A relay's problem has a `code` (RFC 9457), an error of Grafana has none, so the two
 * cannot be mistaken for each other, and a 403 of each has its own remedy. Seen in Grafana 12.4.0. Pure.
 */
import { problemFrom } from '@sightline/media-relay/client';
import { text } from './read-json.ts';

export const grafanaCodes = [
  /** The session has ended. */
  'grafana-logged-out',
  /** Role or permissions do not allow to query this data source. */
  'grafana-not-permitted',
  'grafana-source-gone',
  /** The data source is there, its plugin is not. */
  'grafana-plugin-gone',
  /** `data_source_proxy_whitelist` does not name the relay. */
  'grafana-not-listed',
  'grafana-cannot-reach-relay',
  /** Something answers where the relay should, and it is none. */
  'grafana-not-a-relay',
  /** Any other refusal of Grafana's own. */
  'grafana-refuses',
] as const;
export type GrafanaCode = (typeof grafanaCodes)[number];

/** Undefined when the relay said it, or nobody knows who. */
export function grafanaRefusal(status: number, body: string): GrafanaCode | undefined {
  if (problemFrom(body).code !== undefined) return undefined;
  if (status === 401) return 'grafana-logged-out';
  if (status === 502 || status === 504) return 'grafana-cannot-reach-relay';
  const message = grafanaMessage(body);
  if (message !== undefined) return codeOf(status, message);
  // Its proxy turns a 401, which a relay never sends, into a 400 with this text.
  if (status === 404 || body.includes('Authentication to data source failed')) return 'grafana-not-a-relay';
  return undefined;
}

function codeOf(status: number, message: string): GrafanaCode {
  if (/datasource plugin/i.test(message)) return 'grafana-plugin-gone';
  if (/whitelist|allow-?list/i.test(message)) return 'grafana-not-listed';
  if (status === 404) return 'grafana-source-gone';
  if (status === 403 && /access denied|permission/i.test(message)) return 'grafana-not-permitted';
  return 'grafana-refuses';
}

/** Grafana's own errors are `{"message": "..."}`, with more beside it. */
export function grafanaMessage(body: string): string | undefined {
  try {
    return text(JSON.parse(body), 'message');
  } catch {
    return undefined;
  }
}

/** `body` with the code of Grafana's refusal in it, as if a relay had written it; a relay's own stays as it is. */
export function withGrafanaCode(status: number, body: string): string {
  const code = grafanaRefusal(status, body);
  return code === undefined ? body : JSON.stringify({ code, detail: grafanaMessage(body) });
}
