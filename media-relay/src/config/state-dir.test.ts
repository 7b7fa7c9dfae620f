import { expect, test } from 'vitest';

import { defaultStateDir } from './state-dir.ts';

const outside = { isInContainer: () => false, isWritable: () => true };
const container = { isInContainer: () => true, isWritable: () => true };
const readOnlyContainer = { isInContainer: () => true, isWritable: () => false };

test.each([
  [{}, outside, '/home/jo/.local/state/sightline'],
  [{ XDG_STATE_HOME: '/state' }, outside, '/state/sightline'],
  [{ XDG_STATE_HOME: 'relative' }, outside, '/home/jo/.local/state/sightline'],
  [{}, container, '/var/lib/sightline'],
  [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, outside, '/var/lib/sightline'],
  [{}, readOnlyContainer, '/home/jo/.local/state/sightline'],
])('%j', (environment, probe, expected) => {
  expect(defaultStateDir(environment, '/home/jo', probe)).toBe(expected);
});
