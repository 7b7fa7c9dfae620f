import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

import type { HostFiles } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';
import type { Mount } from './mounts.ts';
import { readMounts } from './mounts.ts';

export interface FileSystemFacts {
  readonly bsize: number;
  readonly blocks: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface FilesystemsOptions {
  /** Replaced in tests. */
  readonly stat?: (path: string) => Promise<FileSystemFacts>;
  readonly deadlineMs?: number;
}

/** File systems that hold somebody's data; everything else is the kernel talking about itself. */
const fstypes = new Set([
  'apfs',
  'bcachefs',
  'btrfs',
  'ceph',
  'cifs',
  'erofs',
  'exfat',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'fuse.glusterfs',
  'fuse.mergerfs',
  'fuse.sshfs',
  'fuseblk',
  'jfs',
  'nfs',
  'nfs4',
  'ntfs3',
  'overlay',
  'reiserfs',
  'smb3',
  'vfat',
  'xfs',
  'zfs',
]);
const maxVolumes = 64;
/** Each one that hangs holds one of the four threads that Node has for files and names. */
const maxHanging = 2;
const rereadMountsMs = 30_000;

/**
 * Sizes by statfs(2). A network mount whose server is gone makes that call hang for ever, so each has a deadline, one that hangs
 * is not asked again until it came back, and when two hang no further network mount is asked.
 */
export function filesystemsCollector(files: HostFiles, options: FilesystemsOptions = {}): Collector {
  const { stat = statfs, deadlineMs = 100 } = options;
  const hanging = new Set<string>();
  let volumes: readonly Mount[] = [];
  let readAtMs = -Infinity;

  async function ask(mount: Mount): Promise<FileSystemFacts | undefined> {
    const { volume, fstype } = mount;
    if (hanging.has(volume) || (hanging.size >= maxHanging && isRemote(fstype))) return undefined;
    hanging.add(volume);
    const asked = stat(join(files.root, volume)).finally(() => hanging.delete(volume));
    // When it fails after the deadline, nobody waits for it any more.
    asked.catch(() => undefined);
    return withDeadline(asked, deadlineMs);
  }

  return {
    name: 'filesystems',
    async collect(out) {
      if (performance.now() - readAtMs > rereadMountsMs) {
        volumes = pickVolumes(readMounts(files));
        readAtMs = performance.now();
      }
      const local = volumes.filter(({ fstype }) => !isRemote(fstype));
      await Promise.all(local.map(async (mount) => tell(out, mount, await ask(mount))));
      // One after the other: the second that hangs must not have company.
      for (const mount of volumes.filter(({ fstype }) => isRemote(fstype)))
        tell(out, mount, await ask(mount));
    },
  };
}

function tell(out: Samples, mount: Mount, facts: FileSystemFacts | undefined): void {
  const labels = { volume: mount.volume };
  out.set('sightline_storage_info', 1, { ...labels, device: mount.device, fstype: mount.fstype });
  out.set('sightline_storage_readonly', mount.isReadOnly ? 1 : 0, labels);
  out.set('sightline_storage_error', facts === undefined ? 1 : 0, labels);
  if (facts === undefined) return;
  out.set('sightline_storage_size_bytes', facts.blocks * facts.bsize, labels);
  out.set('sightline_storage_available_bytes', facts.bavail * facts.bsize, labels);
  out.set('sightline_storage_inodes', facts.files, labels);
  out.set('sightline_storage_inodes_free', facts.ffree, labels);
}

/** Each file system once, at the place with the shortest path: containers mount one and the same many times. */
function pickVolumes(mounts: readonly Mount[]): Mount[] {
  const byId = new Map<string, Mount>();
  for (const mount of mounts) {
    // The root of somebody else's container: its layers are files of a file system that is told anyway.
    if (mount.fstype === 'overlay' && mount.volume !== '/') continue;
    if (!fstypes.has(mount.fstype) || /^\/(proc|sys|dev)(\/|$)|^\/etc\/\w+(\.\w+)?$/.test(mount.volume))
      continue;
    const known = byId.get(mount.id);
    if (known === undefined || mount.volume.length < known.volume.length) byId.set(mount.id, mount);
  }
  // The last one that was mounted over a place is the one that is seen there.
  const byVolume = new Map([...byId.values()].map((mount) => [mount.volume, mount]));
  return [...byVolume.values()].slice(0, maxVolumes);
}

function isRemote(fstype: string): boolean {
  return /^(nfs|cifs|smb|ceph|fuse)/.test(fstype);
}

async function withDeadline<T>(promise: Promise<T>, deadlineMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
