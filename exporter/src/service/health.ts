import type { CollectorName } from '../known-labels.ts';

export interface HealthReason {
  readonly code: 'collector-failing';
  readonly message: string;
}

/** Remembers which collectors fail. Their messages may hold paths of this host: the log tells them, health does not. */
export class ServiceHealth {
  readonly #failing = new Set<CollectorName>();

  change(name: CollectorName, error: Error | undefined): void {
    if (error === undefined) this.#failing.delete(name);
    else this.#failing.add(name);
  }

  reasons(): readonly HealthReason[] {
    return [...this.#failing].map((name) => ({
      code: 'collector-failing',
      message: `The collector "${name}" fails; the log says why.`,
    }));
  }
}
