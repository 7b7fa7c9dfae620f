import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { freePort } from '../../../media-relay/e2e/support/free-port.ts';
import type { Place } from './place.ts';
import { restore } from './restore.ts';
import { save } from './save.ts';

const token = '{"tokens":["0123456789abcdef"]}';
let base: string;
let backups: string;
let relay: string;
let database: string;
let places: Place[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sightline-backup-'));
  backups = join(base, 'backups');
  relay = join(base, 'relay');
  database = join(base, 'grafana.db');
  mkdirSync(join(relay, 'deeper'), { recursive: true });
  writeFileSync(join(relay, 'tokens.json'), token, { mode: 0o600 });
  writeFileSync(join(relay, 'deeper/events.jsonl'), 'up\n');
  const grafana = new DatabaseSync(database);
  grafana.exec("create table dashboard (title text); insert into dashboard values ('Wall')");
  grafana.close();
  chmodSync(database, 0o640);
  places = [
    { kind: 'folder', name: 'relay', path: relay },
    { kind: 'sqlite', name: 'grafana.db', path: database },
    { kind: 'folder', name: 'prometheus-secrets', path: join(base, 'nowhere') },
  ];
});
afterEach(() => rmSync(base, { recursive: true }));

const now = new Date('2026-05-04T03:02:01.5Z');
const titles = (): unknown[] => {
  const grafana = new DatabaseSync(database, { readOnly: true });
  const rows = grafana.prepare('select title from dashboard').all();
  grafana.close();
  return rows.map((row) => row['title']);
};

describe('files and database', () => {
  test('come back as they were, also when the database was in use', async () => {
    const grafana = new DatabaseSync(database);
    grafana.exec("begin; insert into dashboard values ('half')");
    const { folder } = await save(places, backups, { now, keep: 7 });
    grafana.exec('rollback');
    grafana.exec("insert into dashboard values ('later')");
    grafana.close();
    expect(folder).toBe(join(backups, '2026-05-04T03-02-01Z'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);

    writeFileSync(join(relay, 'tokens.json'), 'spoilt');
    writeFileSync(join(relay, 'new'), 'made since');
    // Of a process that was killed: it must not be played into the restored database.
    writeFileSync(`${database}-journal`, 'left over');
    expect(await restore(places, folder)).toEqual(['relay', 'grafana.db']);
    expect(readFileSync(join(relay, 'tokens.json'), 'utf8')).toBe(token);
    expect(statSync(join(relay, 'tokens.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(relay, 'deeper/events.jsonl'), 'utf8')).toBe('up\n');
    expect(existsSync(join(relay, 'new'))).toBe(false);
    expect(titles()).toEqual(['Wall']);
    expect(statSync(database).mode & 0o777).toBe(0o640);
  });

  test('of a backup that is not whole, nothing is restored', async () => {
    const { folder } = await save(places, backups, { now, keep: 7 });
    writeFileSync(join(relay, 'tokens.json'), 'mine');
    appendFileSync(join(folder, 'relay/deeper/events.jsonl'), 'x');
    await expect(restore(places, folder)).rejects.toThrow('events.jsonl is not as it was saved');
    rmSync(join(folder, 'relay/deeper/events.jsonl'));
    await expect(restore(places, folder)).rejects.toThrow('events.jsonl is missing');
    await expect(restore(places, join(backups, 'none'))).rejects.toThrow('is no whole backup');
    expect(readFileSync(join(relay, 'tokens.json'), 'utf8')).toBe('mine');
  });

  test('the newest are kept, and a save that fails leaves nothing behind', async () => {
    for (const day of [1, 2, 3])
      await save(places, backups, { now: new Date(Date.UTC(2026, 0, day)), keep: 2 });
    expect(readdirSync(backups)).toEqual(['2026-01-02T00-00-00Z', '2026-01-03T00-00-00Z']);

    writeFileSync(database, 'this is no database, however long it is');
    await expect(save(places, backups, { now, keep: 2 })).rejects.toThrow('not a database');
    expect(readdirSync(backups)).toEqual(['2026-01-02T00-00-00Z', '2026-01-03T00-00-00Z']);
  });
});

describe('Prometheus', () => {
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) await stop(child);
  });

  async function start(data: string, port: number): Promise<ChildProcess> {
    const config = join(base, 'prometheus.yml');
    writeFileSync(
      config,
      `scrape_configs: [{ job_name: self, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`,
    );
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-admin-api',
      ],
      { stdio: 'ignore' },
    );
    running.push(child);
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/-/ready`).then(
            (answer) => answer.ok,
            () => false,
          ),
        { timeout: 15_000 },
      )
      .toBe(true);
    return child;
  }

  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  /** Seconds since the epoch of the first sample of `up`. */
  async function firstSample(port: number): Promise<number | undefined> {
    const query = 'min_over_time(timestamp(up)[1h:1s])';
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    const value = /"value":\[[\d.]+,"([\d.]+)"/.exec(await answer.text())?.[1];
    return value === undefined ? undefined : Number(value);
  }

  test('answers for the time before the backup again, and is not restored while it runs', async () => {
    const data = join(base, 'prometheus');
    const port = await freePort();
    places = [
      { kind: 'prometheus', name: 'prometheus', path: data, runsAt: new URL(`http://127.0.0.1:${port}/`) },
    ];
    const first = await start(data, port);
    await expect.poll(() => firstSample(port), { timeout: 15_000 }).toBeGreaterThan(0);
    const { folder } = await save(places, backups, { now, keep: 7 });
    const savedUntil = Date.now() / 1000;
    expect(readdirSync(join(data, 'snapshots'))).toEqual([]);
    await expect(restore(places, folder)).rejects.toThrow(`127.0.0.1:${port} still runs`);
    await stop(first);

    // The store is lost, and another one has begun.
    rmSync(data, { recursive: true });
    mkdirSync(join(data, 'wal'), { recursive: true });
    writeFileSync(join(data, 'wal/00000000'), 'broken');
    cpSync(folder, join(base, 'copy'), { recursive: true, preserveTimestamps: true });
    expect(await restore(places, join(base, 'copy'))).toEqual(['prometheus']);
    await start(data, port);
    await expect.poll(() => firstSample(port), { timeout: 15_000 }).toBeLessThanOrEqual(savedUntil);
  });

  test('has to run to be saved, unless it was never used', async () => {
    const data = join(base, 'prometheus');
    mkdirSync(data);
    const port = await freePort();
    places = [
      { kind: 'prometheus', name: 'prometheus', path: data, runsAt: new URL(`http://127.0.0.1:${port}/`) },
    ];
    expect((await save(places, backups, { now, keep: 7 })).places).toEqual([]);
    rmSync(backups, { recursive: true });
    mkdirSync(join(data, 'wal'));
    await expect(save(places, backups, { now, keep: 7 })).rejects.toThrow('is not reached: it has to run');
    expect(readdirSync(backups)).toEqual([]);
  });
});
