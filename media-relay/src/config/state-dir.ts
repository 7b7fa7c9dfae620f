import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Environment } from './environment.ts';

/** Container images that want to keep tokens and events mount a volume here. */
const containerStateDir = '/var/lib/sightline';

export interface StateDirProbe {
  isInContainer(): boolean;
  isWritable(directory: string): boolean;
}

const systemProbe: StateDirProbe = {
  isInContainer: () => existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
  isWritable(directory) {
    try {
      accessSync(directory, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/** XDG Base Directory Specification: a relative $XDG_STATE_HOME counts as unset. */
export function defaultStateDir(
  environment: Environment,
  home: string,
  probe: StateDirProbe = systemProbe,
): string {
  const inKubernetes = environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  if ((inKubernetes || probe.isInContainer()) && probe.isWritable(containerStateDir))
    return containerStateDir;
  const stateHome = environment['XDG_STATE_HOME'];
  return join(stateHome?.startsWith('/') ? stateHome : join(home, '.local', 'state'), 'sightline');
}
