/** Debian's Prometheus with one of the shipped configurations and the flags that its head names. */
import { readFileSync } from 'node:fs';

import { Service } from './service.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix seconds, and the value as text. */
  readonly value: readonly [number, string];
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface QueryAnswer<Result> {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data: { readonly result: readonly Result[] };
}

export interface PrometheusOptions {
  readonly config: string;
  /** Its store, kept over restarts. */
  readonly data: string;
  readonly port: number;
}

export class Prometheus implements AsyncDisposable {
  readonly port: number;
  readonly #service: Service;

  static async start({ config, data, port }: PrometheusOptions): Promise<Prometheus> {
    const flags = flagsOf(config);
    const store = flags.includes('--enable-feature=agent') ? '--storage.agent.path' : '--storage.tsdb.path';
    const service = await Service.start(
      'prometheus',
      [
        `--config.file=${config}`,
        `${store}=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.format=json',
        ...flags,
      ],
      `http://127.0.0.1:${port}/-/ready`,
    );
    return new Prometheus(port, service);
  }

  private constructor(port: number, service: Service) {
    this.port = port;
    this.#service = service;
  }

  /** Lines of the log that are neither debug nor information. */
  get complaints(): string[] {
    return this.#service.log
      .split('\n')
      .filter((line) => line !== '' && !/"level":"(debug|info)"/.test(line));
  }

  /** `timeSeconds`: the moment that is asked about; default: now. */
  async query(expr: string, timeSeconds?: number): Promise<readonly Sample[]> {
    const at = timeSeconds === undefined ? '' : `&time=${timeSeconds}`;
    const { data } = await this.ask<QueryAnswer<Sample>>(`query?query=${encodeURIComponent(expr)}${at}`);
    return data.result;
  }

  async queryRange(
    expr: string,
    start: number,
    end: number,
    stepSeconds: number,
  ): Promise<{ readonly series: readonly Series[]; readonly warnings: readonly string[] }> {
    const range = `start=${start}&end=${end}&step=${stepSeconds}`;
    const { data, warnings = [] } = await this.ask<QueryAnswer<Series>>(
      `query_range?query=${encodeURIComponent(expr)}&${range}`,
    );
    return { series: data.result, warnings };
  }

  /** A path below /api/v1/. */
  async ask<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${path}`);
    const answer = (await response.json()) as Answer & { readonly error?: string };
    if (!response.ok) throw new Error(`${path}: ${answer.error ?? response.status}`);
    return answer;
  }

  /** Its own figures, by series as they are written. */
  async own(series: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? Number.NaN);
  }

  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.#service.stop(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }
}

/** Of the comment that begins with `# flags:`; the files say how they are run, and are run so here. */
function flagsOf(config: string): string[] {
  const flags = /^# flags: (.+)$/m.exec(readFileSync(config, 'utf8'))?.[1];
  if (flags === undefined) throw new Error(`${config} does not say with which flags it is run`);
  return flags.split(' ');
}
