import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { HostFiles } from '../host-files.ts';

/** A directory that stands for `/`, with these files; gone with `using`. */
export class FixtureRoot implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sightline-root-'));
  readonly files = new HostFiles(this.path);

  constructor(texts: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(texts)) this.write(path, text);
  }

  write(path: string, text: string): void {
    const file = join(this.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  [Symbol.dispose](): void {
    this.files.close();
    rmSync(this.path, { recursive: true });
  }
}
