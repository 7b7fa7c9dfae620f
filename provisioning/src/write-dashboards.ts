/** Writes the committed files of provisioning/dashboards and provisioning/playlists: `node provisioning/src/write-dashboards.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { stringify } from 'yaml';

import { allDashboards } from './dashboards/all-dashboards.ts';
import { nocPlaylist } from './dashboards/noc-playlist.ts';

const root = new URL('../', import.meta.url);

/** Text of each file by its path below provisioning/. */
export function dashboardFiles(): Readonly<Record<string, string>> {
  const provider = {
    apiVersion: 1,
    providers: [
      {
        name: 'sightline',
        orgId: 1,
        folder: 'Sightline',
        folderUid: 'sightline',
        type: 'file',
        // What is changed here would be gone with the next version: save a copy.
        allowUiUpdates: false,
        disableDeletion: false,
        updateIntervalSeconds: 60,
        options: { path: '/etc/grafana/provisioning/dashboards' },
      },
    ],
  };
  const files: Record<string, string> = {
    'dashboards/sightline.yaml':
      '# Made by provisioning/src/write-dashboards.ts. `path` is where Grafana finds this folder.\n' +
      stringify(provider),
    'playlists/sightline-noc.json': json(nocPlaylist()),
  };
  for (const [name, dashboard] of Object.entries(allDashboards()))
    files[`dashboards/${name}.json`] = json(dashboard);
  return files;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(dashboardFiles())) {
    const file = fileURLToPath(new URL(path, root));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
