import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { shortTimeBox } from '../../../media-relay/src/testing/time-box.ts';
import { Samples } from '../samples.ts';
import { collectLines } from '../testing/collect-lines.ts';
import { FixtureRoot } from '../testing/fixture-root.ts';
import { mislabelled } from '../testing/mislabelled.ts';
import type { FileSystemFacts } from './filesystems.ts';
import { filesystemsCollector } from './filesystems.ts';

const facts: FileSystemFacts = { bsize: 4096, blocks: 100, bavail: 25, files: 1000, ffree: 900 };

const mountinfo = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
28 27 254:0 /var/lib/docker/containers/1/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /mnt/cameras\\040north ro,relatime shared:1 - nfs4 nas:/cameras rw,vers=4.2
31 27 0:41 / /mnt/b rw,relatime - nfs4 nas:/b rw
32 27 0:42 / /mnt/c rw,relatime - cifs //nas/c rw
33 27 0:43 / /run rw - tmpfs tmpfs rw
`;

const hang = new Promise<never>(() => undefined);

test('each file system once, with its size, and read-only seen', async () => {
  using root = new FixtureRoot({ 'proc/self/mountinfo': mountinfo });
  const asked: string[] = [];
  const stat = (path: string): Promise<FileSystemFacts> => {
    asked.push(path.slice(root.path.length));
    return Promise.resolve(facts);
  };
  const lines = await collectLines(filesystemsCollector(root.files, { stat }));
  expect(asked).toEqual(['/', '/mnt/cameras north', '/mnt/b', '/mnt/c']);
  expect(lines).toEqual(
    expect.arrayContaining([
      'sightline_storage_size_bytes{volume="/"} 409600',
      'sightline_storage_available_bytes{volume="/mnt/cameras north"} 102400',
      'sightline_storage_inodes{volume="/mnt/b"} 1000',
      'sightline_storage_inodes_free{volume="/mnt/b"} 900',
      'sightline_storage_readonly{volume="/mnt/cameras north"} 1',
      'sightline_storage_readonly{volume="/mnt/b"} 0',
      'sightline_storage_info{volume="/mnt/c",device="//nas/c",fstype="cifs"} 1',
    ]),
  );
  expect(lines.filter((line) => line.startsWith('sightline_storage_error'))).toHaveLength(4);
});

test('mounts that hang are told, not waited for, and not asked again; the others go on', async () => {
  using root = new FixtureRoot({ 'proc/self/mountinfo': mountinfo });
  const asked = new Map<string, number>();
  let answerLate: ((facts: FileSystemFacts) => void) | undefined;
  const stat = (path: string): Promise<FileSystemFacts> => {
    const volume = path.slice(root.path.length);
    asked.set(volume, (asked.get(volume) ?? 0) + 1);
    if (volume === '/mnt/b') return hang;
    if (volume !== '/mnt/cameras north' || asked.get(volume) !== 1) return Promise.resolve(facts);
    return new Promise((resolve) => {
      answerLate = resolve;
    });
  };
  const collector = filesystemsCollector(root.files, { stat, deadlineMs: 5 });
  const errors = async (): Promise<string[]> =>
    (await collectLines(collector)).filter((line) => /^sightline_storage_error.* 1$/.test(line));

  // With two that hang a third network mount is not tried: each would cost one of Node's four threads.
  const stuck = ['/mnt/cameras north', '/mnt/b', '/mnt/c'].map(
    (volume) => `sightline_storage_error{volume="${volume}"} 1`,
  );
  expect(await errors()).toEqual(stuck);
  expect(await errors()).toEqual(stuck);
  expect(Object.fromEntries(asked)).toEqual({ '/': 2, '/mnt/cameras north': 1, '/mnt/b': 1 });

  answerLate?.(facts);
  await Promise.resolve();
  expect(await errors()).toEqual(['sightline_storage_error{volume="/mnt/b"} 1']);
});

test('a mount that refuses is an error of its own', async () => {
  using root = new FixtureRoot({ 'proc/self/mountinfo': '27 1 254:0 / /data rw - xfs /dev/sda rw\n' });
  const stat = (): Promise<never> => Promise.reject(new Error('EACCES'));
  expect(await collectLines(filesystemsCollector(root.files, { stat }))).toContain(
    'sightline_storage_error{volume="/data"} 1',
  );
});

test('any list of mounts gives each volume once, 64 of them at most', async () => {
  const word = fc.constantFrom(
    '/',
    '/a',
    '/b\\040c',
    '/sys/x',
    'ext4',
    'xfs',
    'nfs4',
    'overlay',
    'rw',
    '-',
    '\\',
    '0:1',
  );
  const line = fc.oneof(
    fc
      .tuple(fc.nat(199), fc.nat(199), fc.constantFrom('ext4', 'xfs', 'nfs4'), word)
      .map(([id, at, type, device]) => `1 1 0:${id} / /v${at} rw - ${type} ${device} rw`),
    fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((words) => words.join(' ')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 200, size: 'max' }), async (lines) => {
      using root = new FixtureRoot({ 'proc/self/mountinfo': lines.join('\n') });
      const out = new Samples();
      let asked = 0;
      const stat = (): Promise<FileSystemFacts> => Promise.resolve({ ...facts, files: asked++ });
      await filesystemsCollector(root.files, { stat }).collect(out);
      expect(mislabelled(out)).toEqual([]);
      expect(asked).toBeLessThanOrEqual(64);
      expect(out.values.get('sightline_storage_info')?.length ?? 0).toBe(asked);
    }),
    shortTimeBox,
  );
});
