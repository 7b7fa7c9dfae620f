// npm run provisioning: makes the committed files of provisioning/dashboards, playlists and alerting anew.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ensureInstalled, pinnedNode, root } from './install.mjs';

ensureInstalled({ forTests: true });
// Alerts name panels of the dashboards: those come first.
for (const program of ['write-dashboards.ts', 'write-alerting.ts']) {
  const { status } = spawnSync(pinnedNode(), [join(root, 'provisioning/src', program)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
