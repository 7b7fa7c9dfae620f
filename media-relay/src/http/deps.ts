import type { Alert, History, HistoryAnswer, MetricName, Samples } from '@sightline/exporter';
import type { Logger } from 'pino';

import type { Authoriser } from '../auth/authoriser.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import type { Clock } from '../media/clock.ts';
import type { Pictures } from '../pictures/pictures.ts';
import type { EventLog } from '../telemetry/events.ts';
import type { ProblemCode } from './errors.ts';
import type { NewStream, QualityBeacon } from './schemas.ts';

/** What the API tells of a stream beyond what the engine measures. Never holds its URL: that has credentials. */
export interface ConfiguredStream {
  readonly name: string;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly site: string | undefined;
  readonly onDemand: boolean;
  /** Delays may be counted by the camera's clock. */
  readonly trustClock: boolean;
  readonly origin: 'config' | 'api';
}

export interface StreamDirectory {
  /** In the order in which they are to be shown. */
  list(): readonly ConfiguredStream[];
  get(name: string): ConfiguredStream | undefined;
}

/** `detail` is shown to the caller. */
export type AdminResult =
  { readonly ok: true } | { readonly ok: false; readonly code: ProblemCode; readonly detail: string };

export interface Admin {
  addStream(stream: NewStream): Promise<AdminResult>;
  removeStream(name: string): Promise<AdminResult>;
  reload(): Promise<AdminResult>;
}

export interface PageFile {
  readonly body: Uint8Array | string;
  /** Content-Type. */
  readonly type: string;
  /** With its quotes. */
  readonly etag: string;
}

/**
 * The wall page at `/`, the monitoring page at `/monitoring`, and their files by name at `/assets/{file}`: address them
 * relatively, as `assets/wall.js`.
 */
export interface Pages {
  readonly wall: PageFile;
  readonly monitoring: PageFile;
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface HealthReason {
  /** Stable and bounded: `stream-offline`, `engine-restarting`. */
  readonly code: string;
  /** A sentence without any stream's name: anybody may read it. */
  readonly message: string;
  readonly stream?: string;
  /** It is why no new viewers are taken. */
  readonly blocksViewers?: boolean;
}

export interface HealthReport {
  readonly status: 'ok' | 'degraded' | 'failing';
  /** New viewers can be taken. */
  readonly ready: boolean;
  readonly reasons: readonly HealthReason[];
}

export interface LongRange {
  query(question: {
    readonly metric: MetricName;
    readonly isRate: boolean;
    readonly fromMs: number;
    readonly toMs: number;
    readonly stepMs: number;
  }): Promise<HistoryAnswer>;
}

/** Figures, as http/ gives and takes them; telemetry/metrics/ implements it. */
export interface MetricsPort {
  /** Content-Type of what `expose` writes. */
  readonly contentType: string;
  /** The text of one scrape, in parts. */
  expose(): AsyncIterable<string>;
  /** Every value, collected now. */
  collect(): Promise<Samples>;
  /** The last hour. */
  readonly history: History;
  /** What is wrong now, the worst first. */
  readonly alerts: readonly Alert[];
  /** What the last hour does not hold; undefined without `prometheus.url`. Its errors may be shown. */
  readonly longRange: LongRange | undefined;
  readonly http: {
    /** `route` is the pattern of the address, undefined when it leads nowhere. */
    observe(route: string | undefined, method: string, status: number, seconds: number): void;
  };
  readonly quality: {
    record(stream: string, beacon: QualityBeacon): void;
    refuse(reason: 'invalid' | 'rate-limited' | 'unknown-session'): void;
  };
}

export interface HttpDeps {
  readonly engine: EnginePort;
  readonly streams: StreamDirectory;
  readonly events: Pick<EventLog, 'query'>;
  readonly auth: Authoriser;
  readonly admin: Admin;
  readonly pictures: Pick<Pictures, 'snapshots' | 'mjpeg' | 'stills' | 'health'>;
  readonly metrics: MetricsPort;
  readonly pages: Pages;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
  /** Origins of other sites whose scripts may call the API, as `https://host:port`. `*` is refused. */
  readonly corsOrigins: readonly string[];
  readonly health: () => HealthReport;
}
