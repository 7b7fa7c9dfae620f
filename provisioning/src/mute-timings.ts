import type { Environment } from './contact-points.ts';

const intervals = {
  'sightline-nights': [
    {
      times: [
        { start_time: '22:00', end_time: '24:00' },
        { start_time: '00:00', end_time: '06:00' },
      ],
    },
  ],
  'sightline-weekends': [{ weekdays: ['saturday', 'sunday'] }],
};

/** Times without messages, in the format of Grafana's file provisioning. Throws an Error that names the variable. */
export function muteTimings(environment: Environment): object {
  const location = environment['SIGHTLINE_ALERT_TIME_ZONE'] || 'UTC';
  if (!isTimeZone(location))
    throw new Error(`SIGHTLINE_ALERT_TIME_ZONE: ${location} is no time zone; write one like Europe/Berlin.`);
  return {
    apiVersion: 1,
    muteTimes: Object.entries(intervals).map(([name, each]) => ({
      orgId: 1,
      name,
      time_intervals: each.map((interval) => ({ ...interval, location })),
    })),
  };
}

/** Those that `SIGHTLINE_ALERT_MUTE` names. Throws an Error that names the variable. */
export function chosenMuteTimings(environment: Environment): readonly string[] {
  const names = (environment['SIGHTLINE_ALERT_MUTE'] ?? '').split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== '')
    .map((name) => {
      const found = Object.keys(intervals).find((known) => known === name || known === `sightline-${name}`);
      if (found === undefined)
        throw new Error(`SIGHTLINE_ALERT_MUTE: there is no ${name}; choose of nights and weekends.`);
      return found;
    });
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
