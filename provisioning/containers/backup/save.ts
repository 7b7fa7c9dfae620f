import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';

import type { SavedPlace } from './manifest.ts';
import { writeManifest } from './manifest.ts';
import type { Place } from './place.ts';

const partial = '.partial-';
const backupName = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z$/;

export interface SaveOptions {
  readonly now: Date;
  /** Older backups beyond this many are removed. */
  readonly keep: number;
}

export interface SavedBackup {
  readonly folder: string;
  /** Names of the places that it holds. */
  readonly places: readonly string[];
}

/**
 * Saves every place while all of them run, into `folder`/TIME, which appears whole or not at all and belongs to its owner alone: it holds
 * tokens. Places that do not exist, and
 * stores that were never used, are left out.
 */
export async function save(
  places: readonly Place[],
  folder: string,
  { now, keep }: SaveOptions,
): Promise<SavedBackup> {
  const name = now
    .toISOString()
    .replaceAll(':', '-')
    .replace(/\.\d+Z$/, 'Z');
  await mkdir(folder, { recursive: true });
  const entries = await readdir(folder);
  // Of runs that were cut off.
  for (const entry of entries.filter((other) => other.startsWith(partial)))
    await rm(join(folder, entry), { recursive: true });

  const target = join(folder, `${partial}${name}`);
  await mkdir(target, { mode: 0o700 });
  const saved: SavedPlace[] = [];
  try {
    for (const place of places) {
      const facts = await stat(place.path).catch(() => undefined);
      if (facts === undefined || (await isUnused(place))) continue;
      await savePlace(place, join(target, place.name));
      saved.push({
        name: place.name,
        kind: place.kind,
        user: facts.uid,
        group: facts.gid,
        mode: facts.mode & 0o777,
      });
    }
    await writeManifest(target, now, saved);
    await rename(target, join(folder, name));
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }

  const older = [...entries.filter((entry) => backupName.test(entry)), name].toSorted().slice(0, -keep);
  for (const entry of older) await rm(join(folder, entry), { recursive: true });
  return { folder: join(folder, name), places: saved.map((place) => place.name) };
}

/** A store that no Prometheus has opened yet: that of a profile which is not in use. */
async function isUnused({ kind, path }: Place): Promise<boolean> {
  return kind === 'prometheus' && (await readdir(path)).length === 0;
}

async function savePlace(place: Place, target: string): Promise<void> {
  switch (place.kind) {
    case 'folder':
      return copyFolder(place.path, target);
    case 'sqlite':
      return saveDatabase(place.path, target);
    case 'prometheus':
      return saveSnapshot(place.path, place.runsAt, target);
  }
}

export async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

/** SQLite's online backup: a whole database, whatever is written meanwhile. */
async function saveDatabase(path: string, target: string): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true });
  try {
    await backup(source, target);
  } finally {
    source.close();
  }
  const copy = new DatabaseSync(target, { readOnly: true });
  try {
    const [verdict] = copy.prepare('PRAGMA integrity_check').all();
    if (verdict?.['integrity_check'] !== 'ok')
      throw new Error(`${path}: the copy of the database is not whole.`);
  } finally {
    copy.close();
  }
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#snapshot: hard links, so it costs no space until it is copied. */
async function saveSnapshot(path: string, server: URL, target: string): Promise<void> {
  const response = await fetch(new URL('api/v1/admin/tsdb/snapshot', server), {
    method: 'POST',
    signal: AbortSignal.timeout(120_000),
  }).catch(() => {
    throw new Error(`${server.href} is not reached: it has to run while it is saved.`);
  });
  const text = await response.text();
  const name = response.ok ? /"name":"([\w-]+)"/.exec(text)?.[1] : undefined;
  if (name === undefined)
    throw new Error(
      `${server.href} makes no snapshot (status ${response.status}); does it run with --web.enable-admin-api?`,
    );
  const snapshot = join(path, 'snapshots', name);
  try {
    await copyFolder(snapshot, target);
  } finally {
    await rm(snapshot, { recursive: true, force: true });
  }
}
