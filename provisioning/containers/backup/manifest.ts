import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface SavedPlace {
  readonly name: string;
  readonly kind: string;
  /** Whose it was: restored files get the same owner. */
  readonly user: number;
  readonly group: number;
  readonly mode: number;
}

export interface SavedFile {
  /** Relative to the backup. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly version: 1;
  readonly made: string;
  readonly places: readonly SavedPlace[];
  readonly files: readonly SavedFile[];
}

const manifestName = 'manifest.json';

export async function writeManifest(
  folder: string,
  made: Date,
  places: readonly SavedPlace[],
): Promise<Manifest> {
  const manifest: Manifest = {
    version: 1,
    made: made.toISOString(),
    places,
    files: await describeFiles(folder),
  };
  await writeFile(join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
  return manifest;
}

/** Throws Error that names the first file which is not as it was saved: nothing of a broken backup is restored. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    throw new Error(`${path} cannot be read: ${folder} is no whole backup.`);
  }
  if (manifest.version !== 1)
    throw new Error(`${path} is of another version: restore with the version that made it.`);
  const found = new Map((await describeFiles(folder)).map((file) => [file.path, file]));
  for (const { path: name, sha256 } of manifest.files)
    if (found.get(name)?.sha256 !== sha256)
      throw new Error(
        `${join(folder, name)} is ${found.has(name) ? 'not as it was saved' : 'missing'}: take another backup.`,
      );
  return manifest;
}

async function describeFiles(folder: string): Promise<SavedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name !== manifestName)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
  const files: SavedFile[] = [];
  for (const path of paths) {
    const { size } = await stat(join(folder, path));
    files.push({ path, bytes: size, sha256: await sha256(join(folder, path)) });
  }
  return files;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
