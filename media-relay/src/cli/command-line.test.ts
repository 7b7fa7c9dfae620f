import { expect, test } from 'vitest';

import { parseCommandLine, UsageError } from './command-line.ts';

const environment = { SIGHTLINE_CONFIG: 'env.yaml' };

test.each([
  [[], {}, { name: 'help' }],
  [['help'], {}, { name: 'help' }],
  [['start', '--help'], {}, { name: 'help' }],
  [['--version'], {}, { name: 'version' }],
  [['start'], {}, { name: 'start', configFile: undefined }],
  [['start'], { SIGHTLINE_CONFIG: '' }, { name: 'start', configFile: undefined }],
  [['start'], environment, { name: 'start', configFile: 'env.yaml' }],
  [['start', '--config', 'a.yaml'], environment, { name: 'start', configFile: 'a.yaml' }],
  [['tokens', '-c', 'a.yaml'], {}, { name: 'tokens', configFile: 'a.yaml' }],
  [['top'], environment, { name: 'top', configFile: 'env.yaml' }],
  [['report', '--day', '-c', 'a.yaml'], {}, { name: 'report', configFile: 'a.yaml' }],
  [
    ['capacity'],
    environment,
    {
      name: 'capacity',
      configFile: 'env.yaml',
      format: 'text',
      isQuick: false,
      bitrateBps: 4_000_000,
      hostPricePerYear: undefined,
    },
  ],
  [
    ['capacity', '--quick', '--metrics', '--bitrate', '800k', '--host-price-per-year', '479.90'],
    {},
    {
      name: 'capacity',
      configFile: undefined,
      format: 'metrics',
      isQuick: true,
      bitrateBps: 800_000,
      hostPricePerYear: 479.9,
    },
  ],
  [['check-config', 'a.yaml'], environment, { name: 'check-config', configFile: 'a.yaml' }],
  [['check-config'], environment, { name: 'check-config', configFile: 'env.yaml' }],
])('%j %j', (args, env, expected) => {
  expect(parseCommandLine(args, env)).toEqual(expected);
});

test.each([
  [['strat'], 'There is no command "strat"; did you mean start?'],
  [['start', 'relay.yaml'], 'did you mean --config relay.yaml?'],
  [['start', '--confg', 'x'], "Unknown option '--confg'"],
  [['report'], 'write report --day'],
  [['start', '--day'], '--day is for report only'],
  [['top', '--quick'], '--quick is for capacity only'],
  [['capacity', '--day'], '--day is for report only'],
  [['capacity', 'a.yaml'], 'did you mean --config a.yaml?'],
  [['capacity', '--json', '--metrics'], 'exclude each other'],
  [['capacity', '--bitrate', '4G'], '--bitrate 4G must be from 50k to 100M'],
  [['capacity', '--host-price-per-year', '0'], 'must be a number above 0'],
  [['check-config'], 'check-config wants one file'],
  [['check-config', 'a', 'b'], 'check-config wants one file'],
])('%j is wrong', (args, message) => {
  expect(() => parseCommandLine(args, {})).toThrow(UsageError);
  expect(() => parseCommandLine(args, {})).toThrow(message);
});
