import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export const contactPointName = 'sightline';

const title = '{{ template "sightline.title" . }}';
const message = '{{ template "sightline.message" . }}';

interface Channel {
  readonly type: string;
  /** Variable that switches the channel on. */
  readonly variable: string;
  readonly settings: (value: string, environment: Environment) => Readonly<Record<string, unknown>>;
}

const channels: readonly Channel[] = [
  {
    type: 'email',
    variable: 'SIGHTLINE_ALERT_EMAIL',
    settings: (addresses) => ({ addresses, singleEmail: true, subject: title, message }),
  },
  {
    type: 'slack',
    variable: 'SIGHTLINE_ALERT_SLACK_URL',
    settings: (url) => ({ url, title, text: message }),
  },
  {
    type: 'webhook',
    variable: 'SIGHTLINE_ALERT_WEBHOOK_URL',
    settings(url, environment) {
      const token = secret(environment, 'SIGHTLINE_ALERT_WEBHOOK_TOKEN');
      return {
        url,
        httpMethod: 'POST',
        title,
        message,
        ...(token !== undefined && { authorization_scheme: 'Bearer', authorization_credentials: token }),
      };
    },
  },
  {
    type: 'pagerduty',
    variable: 'SIGHTLINE_ALERT_PAGERDUTY_KEY',
    settings: (integrationKey) => ({ integrationKey, summary: title }),
  },
  {
    type: 'teams',
    variable: 'SIGHTLINE_ALERT_TEAMS_URL',
    settings: (url) => ({ url, title, message }),
  },
];

export const contactPointVariables: readonly string[] = [
  ...channels.map(({ variable }) => variable),
  'SIGHTLINE_ALERT_WEBHOOK_TOKEN',
];

/**
 * One contact point with an integration for each channel that is configured, in the format of Grafana's file provisioning; undefined
 * when none is. Each variable may be given as `NAME_FILE`, a file that holds the value. Throws an Error that names the variable and
 * never its value.
 */
export function contactPoints(environment: Environment): object | undefined {
  const receivers = channels.flatMap(({ type, variable, settings }) => {
    const value = secret(environment, variable);
    if (value === undefined) return [];
    if (variable.endsWith('_URL')) requireUrl(variable, value);
    return [{ uid: `sightline-${type}`, type, settings: settings(value, environment) }];
  });
  if (receivers.length === 0) return undefined;
  return {
    apiVersion: 1,
    contactPoints: [{ orgId: 1, name: contactPointName, receivers }],
  };
}

/** Grafana replaces `$NAME` in these settings: `$$` is a dollar. */
function secret(environment: Environment, variable: string): string | undefined {
  const file = environment[`${variable}_FILE`];
  const direct = environment[variable];
  if (file && direct) throw new Error(`${variable} and ${variable}_FILE are both set; keep one of them.`);
  const value = (file ? read(variable, file) : direct)?.trim();
  return value === undefined || value === '' ? undefined : value.replaceAll('$', '$$$$');
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Error(`${variable}_FILE: its file cannot be read (${code}).`, { cause: error });
  }
}

function requireUrl(variable: string, value: string): void {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new Error(`${variable} is not an http or https URL; give the whole address.`);
}
