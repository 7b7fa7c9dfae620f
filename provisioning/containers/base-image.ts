import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Podman } from './podman.ts';

export const baseImage = 'docker.io/library/node:24-slim';

/**
 * Stands in for node:24-slim where it cannot be pulled: Debian bookworm by debootstrap, this Node, npm as it is installed here, and the user
 * `node` (1000). A registry's certificate that this process trusts (NODE_EXTRA_CA_CERTS) is trusted in it, too.
 */
export function makeBaseImage(podman: Podman, folder: string): void {
  const rootfs = join(folder, 'rootfs');
  run('debootstrap', '--variant=minbase', '--include=ca-certificates', 'bookworm', rootfs);
  copyFileSync(process.execPath, join(rootfs, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(rootfs, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(rootfs, 'usr/local/bin/npm'));
  run('chroot', rootfs, 'useradd', '--uid', '1000', '--user-group', '--create-home', 'node');
  run('chroot', rootfs, 'apt-get', 'clean');
  const certificate = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificate !== undefined) {
    mkdirSync(join(rootfs, 'etc/ssl/extra'));
    copyFileSync(certificate, join(rootfs, 'etc/ssl/extra/ca.pem'));
  }
  const archive = join(folder, 'base.tar');
  run('tar', '-C', rootfs, '-cf', archive, '.');
  rmSync(rootfs, { recursive: true });
  const trust =
    certificate === undefined ? [] : ['--change', 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/extra/ca.pem'];
  podman.podman('import', ...trust, archive, baseImage);
  rmSync(archive);
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
}
