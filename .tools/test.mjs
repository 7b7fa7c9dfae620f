// npm test: installs what is missing, checks types, lint and format, runs every test. `npm test -- PATH` runs the tests
// of PATH only. The last line of output is `N passed, N failed`; nothing is ever skipped in silence.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runChecks } from './check.mjs';
import { ensureDebianTools } from './debian-tools.mjs';
import { ensureInstalled, pinnedNode, root } from './install.mjs';

const args = process.argv.slice(2);
// Picking tests by name makes vitest count all others as skipped; then that was asked for.
const picksByName = args.some((arg) => /^(-t|--testNamePattern)(=|$)/.test(arg));

ensureInstalled({ forTests: true });
ensureDebianTools();

const failedChecks = runChecks();
const tests = runTests();
finish();

function runTests() {
  const directory = mkdtempSync(join(tmpdir(), 'sightline-test-'));
  const report = join(directory, 'report.json');
  try {
    const { status } = spawnSync(
      pinnedNode(),
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      { cwd: root, stdio: 'inherit' },
    );
    return { ...readReport(report), status };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    // A file that cannot even be loaded holds no test to count: the file counts.
    const brokenFiles = report.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    );
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + brokenFiles.length,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function finish() {
  const { passed, skipped, status } = tests;
  let failed = tests.failed + failedChecks.length;
  if (failedChecks.length > 0) console.log(`Failed checks, counted as failed: ${failedChecks.join(', ')}.`);
  if (status !== 0 && tests.failed === 0) {
    // Errors outside of any test, or no test found.
    console.log(`vitest ended with exit status ${status}, counted as failed.`);
    failed++;
  }
  if (passed + tests.failed === 0) console.log('No test ran.');
  if (skipped > 0 && !picksByName) console.log('A skipped test makes the run fail.');

  const isGood = failed === 0 && passed > 0 && (skipped === 0 || picksByName);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = isGood ? 0 : 1;
}
