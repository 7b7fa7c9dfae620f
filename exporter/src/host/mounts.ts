import type { HostFiles } from '../host-files.ts';

export interface Mount {
  readonly device: string;
  /** Where it is mounted. */
  readonly volume: string;
  readonly fstype: string;
  readonly isReadOnly: boolean;
  /** Major and minor number: the same for each place where a file system is mounted. */
  readonly id: string;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  /** Options of the file system itself: the controllers of a cgroup hierarchy. */
  readonly superOptions: readonly string[];
}

/** /proc/self/mountinfo (proc_pid_mountinfo(5)). Spaces and backslashes in paths are written in octal. */
export function readMounts(files: HostFiles): readonly Mount[] {
  return (files.read(`${files.process}/mountinfo`) ?? '').split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ', 2);
    if (after === undefined) return [];
    const [, , id = '', root = '', volume = '', options = ''] = before.split(' ');
    const [fstype = '', device = '', superOptions = ''] = after.split(' ');
    return [
      {
        id,
        root: unescape(root),
        volume: unescape(volume),
        device: unescape(device),
        fstype,
        superOptions: superOptions.split(','),
        isReadOnly: options.split(',').includes('ro') || superOptions.split(',').includes('ro'),
      },
    ];
  });
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
