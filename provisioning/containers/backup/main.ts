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
    const saved = await save(composePlaces, folder, { now: new Date(), keep });
    process.stdout.write(`saved ${saved.places.join(', ')} as ${basename(saved.folder)}\n`);
  } else if (command === 'restore' && name !== undefined && rest.length === 0) {
    // A name, and not a path that leads elsewhere.
    const restored = await restore(composePlaces, join(folder, basename(name)));
    process.stdout.write(`restored ${restored.join(', ')}\n`);
  } else {
    process.stderr.write('docker compose run --rm backup [save | restore NAME]\n');
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
