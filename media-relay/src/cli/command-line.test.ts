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
  [['check-config'], 'check-config wants one file'],
  [['check-config', 'a', 'b'], 'check-config wants one file'],
])('%j is wrong', (args, message) => {
  expect(() => parseCommandLine(args, {})).toThrow(UsageError);
  expect(() => parseCommandLine(args, {})).toThrow(message);
});
