// cgroups(7): /proc/self/cgroup names the own group in each hierarchy, /proc/self/mountinfo where that hierarchy is to be seen.
import type { HostFiles } from '../host-files.ts';
import type { Mount } from '../host/mounts.ts';
import { readMounts } from '../host/mounts.ts';

export type Controller = 'memory' | 'cpu' | 'cpuacct' | 'pids';

export interface ControllerGroup {
  readonly version: 1 | 2;
  /** The own directory first, then those around it, up to where the hierarchy is mounted: each may limit. */
  readonly directories: readonly string[];
}

/** Where the controller that limits this process is; undefined where there is none. */
export function locateController(files: HostFiles, controller: Controller): ControllerGroup | undefined {
  const mounts = readMounts(files);
  const memberships = readMemberships(files);

  const v1 = memberships.find(({ controllers }) => controllers.includes(controller));
  const v1Mount = mounts.find(
    ({ fstype, superOptions }) => fstype === 'cgroup' && superOptions.includes(controller),
  );
  if (v1 !== undefined && v1Mount !== undefined)
    return { version: 1, directories: climb(files, v1Mount, v1.path) };

  const v2 = memberships.find(({ id }) => id === '0');
  const v2Mount = mounts.find(({ fstype }) => fstype === 'cgroup2');
  if (v2 === undefined || v2Mount === undefined) return undefined;
  return { version: 2, directories: climb(files, v2Mount, v2.path) };
}

interface Membership {
  readonly id: string;
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Lines `4:memory:/docker/abc`; `0::/user.slice` for version 2. */
function readMemberships(files: HostFiles): readonly Membership[] {
  return (files.read('proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [id = '', controllers, ...path] = line.split(':');
    return controllers === undefined
      ? []
      : [{ id, controllers: controllers.split(','), path: path.join(':') }];
  });
}

/**
 * Inside a container the path may be the host's (then the mount shows only the part below its root) or begin outside of what is
 * visible (`/../..`): then the top of what is visible is the own group.
 */
function climb(files: HostFiles, { volume, root }: Mount, path: string): string[] {
  const below =
    root === '/' ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '';
  const steps = below.split('/').filter((step) => step !== '');
  const top = volume.replace(/^\//, '');
  const isVisible = !steps.includes('..') && files.list([top, ...steps].join('/')).length > 0;
  if (!isVisible) return [top];
  return steps.map((_, index) => [top, ...steps.slice(0, steps.length - index)].join('/')).concat(top);
}
