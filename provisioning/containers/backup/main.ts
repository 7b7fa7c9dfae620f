// docker compose run --rm backup [restore NAME]: see docs/RUNBOOK.md, "Backup and restore".
import { basename, join } from 'node:path';

import { composePlaces } from './place.ts';
import { restore } from './restore.ts';
import { save } from './save.ts';

const folder = '/backups';
const keep = 7;
const [command = 'save', name, ...rest] = process.argv.slice(2);

try {
  if (command === 'save' && name === undefined) {
    console.log(`saved as ${basename(await save(composePlaces, folder, { now: new Date(), keep }))}`);
  } else if (command === 'restore' && name !== undefined && rest.length === 0) {
    // A name, and not a path that leads elsewhere.
    const restored = await restore(composePlaces, join(folder, basename(name)));
    console.log(`restored ${restored.join(', ')}`);
  } else {
    console.error('docker compose run --rm backup [save | restore NAME]');
    process.exitCode = 2;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
