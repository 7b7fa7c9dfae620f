import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's podman and buildah with everything that they keep in one folder. Nothing of the host's own images and containers is touched. */
export class Podman {
  readonly #store: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const settings = join(folder, 'containers.conf');
    // The default limits may be above those of this process, and then no container starts.
    writeFileSync(
      settings,
      '[containers]\ndefault_ulimits = []\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
    );
    this.#store = [
      '--root',
      join(folder, 'storage'),
      '--runroot',
      join(folder, 'run'),
      '--storage-driver',
      'overlay',
    ];
    this.#environment = { ...process.env, CONTAINERS_CONF: settings };
  }

  /** What it printed. Throws Error with its messages when it fails. */
  podman(...args: readonly string[]): string {
    return this.#run('podman', [...this.#store, ...args]);
  }

  /** Chroot isolation: works where a build cannot have namespaces of its own. */
  build(dockerfile: string, tag: string, context: string): void {
    const options = [
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--file',
      join(context, dockerfile),
      '--tag',
      tag,
    ];
    this.#run('buildah', [...this.#store, 'bud', ...options, context]);
  }

  #run(program: string, args: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      env: this.#environment,
      encoding: 'utf8',
      timeout: 540_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
    if (status !== 0)
      throw new Error(
        `${program} ${args.slice(this.#store.length).join(' ').slice(0, 300)}\n${stderr.slice(-3000)}`,
      );
    return stdout.trim();
  }
}
