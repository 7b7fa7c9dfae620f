import { chmod, chown, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readManifest } from './manifest.ts';
import type { SavedPlace } from './manifest.ts';
import type { Place } from './place.ts';
import { copyFolder } from './save.ts';

/**
 * Puts back what a backup holds, in place of what is there. Rejects before anything is touched when the backup is not whole, or
 * something that would be restored still runs. Returns the names of what was restored.
 */
export async function restore(places: readonly Place[], backupFolder: string): Promise<string[]> {
  const manifest = await readManifest(backupFolder);
  const jobs = manifest.places.map((saved) => ({ saved, place: placeOf(places, saved) }));
  for (const { place } of jobs)
    if (place.runsAt !== undefined && (await answers(place.runsAt)))
      throw new Error(`${place.runsAt.host} still runs: stop it, or it writes over what is restored.`);
  for (const { saved, place } of jobs) await restorePlace(place, saved, join(backupFolder, saved.name));
  return jobs.map(({ saved }) => saved.name);
}

function placeOf(places: readonly Place[], { name, kind }: SavedPlace): Place {
  const place = places.find((candidate) => candidate.name === name && candidate.kind === kind);
  if (place === undefined) throw new Error(`The backup holds "${name}", for which there is no place here.`);
  return place;
}

async function answers(address: URL): Promise<boolean> {
  return fetch(address, { signal: AbortSignal.timeout(3_000) }).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}

async function restorePlace(place: Place, { user, group, mode }: SavedPlace, from: string): Promise<void> {
  if (place.kind === 'sqlite') {
    const folder = dirname(place.path);
    await mkdir(folder, { recursive: true });
    // A journal of the old database would be played into the new one.
    for (const end of ['', '-journal', '-wal', '-shm']) await rm(`${place.path}${end}`, { force: true });
    await cp(from, place.path);
    // Journals are made beside it; a volume that is new belongs to root.
    await chown(folder, user, group);
  } else {
    // The folder itself is a mount and stays.
    await mkdir(place.path, { recursive: true });
    for (const name of await readdir(place.path)) await rm(join(place.path, name), { recursive: true });
    await copyFolder(from, place.path);
    for (const name of await readdir(place.path, { recursive: true }))
      await chown(join(place.path, name), user, group);
  }
  await chown(place.path, user, group);
  await chmod(place.path, mode);
}
