/**
 * The source of one rendition, from start to start: how its link stands, and what it brings while it runs. What a source
 * that was stopped still says is ignored.
 */
import type { Clock } from '../media/clock.ts';
import type { Source, SourceSink } from '../sources/source.ts';
import { supervise, type SupervisorState } from '../sources/supervisor.ts';

export interface SourceRunDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly createSource: () => Source;
}

export interface SourceRunListener extends SourceSink {
  /** `link` says so, too. */
  onLink(state: SupervisorState): void;
}

export class SourceRun {
  readonly #deps: SourceRunDeps;
  readonly #listener: SourceRunListener;
  /** Kept from start to start, until it is forgotten: it has learnt how its camera is reached. */
  #source: Source | undefined;
  #running: AbortController | undefined;
  #link: 'off' | SupervisorState['kind'] = 'off';
  #connectedMs = 0;

  constructor(deps: SourceRunDeps, listener: SourceRunListener) {
    this.#deps = deps;
    this.#listener = listener;
  }

  get link(): 'off' | SupervisorState['kind'] {
    return this.#link;
  }

  /** Since when it has been connected, in Unix ms. Holds while `link` is 'connected'. */
  get connectedMs(): number {
    return this.#connectedMs;
  }

  /** Only when it is off. The source may deliver before this returns. */
  start(): void {
    const running = new AbortController();
    this.#running = running;
    this.#link = 'connecting';
    const source = (this.#source ??= this.#deps.createSource());
    const current = (): boolean => this.#running === running;
    const listener = this.#listener;
    void supervise({
      source,
      signal: running.signal,
      clock: this.#deps.clock,
      random: this.#deps.random,
      onState: (state) => {
        if (current()) this.#onLink(state);
      },
      sink: {
        tracks: (tracks) => {
          if (current()) listener.tracks(tracks);
        },
        accessUnit: (unit) => {
          if (current()) listener.accessUnit(unit);
        },
        received: (report) => {
          if (current()) listener.received(report);
        },
      },
    });
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#link = 'off';
  }

  /** The next start is as if it were the first. */
  forget(): void {
    this.#source = undefined;
  }

  #onLink(state: SupervisorState): void {
    this.#link = state.kind;
    if (state.kind === 'connected') this.#connectedMs = this.#deps.clock();
    this.#listener.onLink(state);
  }
}
