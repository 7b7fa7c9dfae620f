// npm run containers:check: images and compose file with podman instead of Docker; see provisioning/containers/check.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ensureInstalled, pinnedNode, root } from './install.mjs';

ensureInstalled({ forTests: true });
const check = join(root, 'provisioning', 'containers', 'check.ts');
process.exitCode = spawnSync(pinnedNode(), [check], { stdio: 'inherit' }).status ?? 1;
