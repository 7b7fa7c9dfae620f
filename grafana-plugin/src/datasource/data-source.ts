import { DataSourceApi, LoadingState } from '@grafana/data';
import type {
  AnnotationSupport,
  DataFrame,
  DataQueryRequest,
  DataQueryResponse,
  DataSourceInstanceSettings,
  MetricFindValue,
  TestDataSourceResponse,
} from '@grafana/data';
import { getBackendSrv, getTemplateSrv } from '@grafana/runtime';
import type { SignalResponse, Signalling } from '@sightline/media-relay/client';
import { combineLatest, from, map, of, scan, take } from 'rxjs';
import type { Observable } from 'rxjs';
import { userLanguage } from '../i18n/language.ts';
import { keptPictures } from '../relay/kept-pictures.ts';
import type { KeptPictures } from '../relay/kept-pictures.ts';
import { isRendering } from '../relay/rendering.ts';
import { proxyBlob, proxySignalling } from '../relay/proxy-signalling.ts';
import { saidIn } from '../relay/relay-sentences.ts';
import { relayStreamsFrom } from '../relay/relay-streams.ts';
import type { RelayStreams } from '../relay/relay-streams.ts';
import type { RelaySource, Still, StreamsNews } from '../relay/relay-source.ts';
import { eventFrame, eventsFrom } from './event-frame.ts';
import { metricFrames, metricNames } from './metric-frames.ts';
import { sentencesIn } from './sentences.ts';
import { streamFilter } from './stream-filter.ts';
import { streamFrame } from './stream-frame.ts';
import { StreamsFeed } from './streams-feed.ts';
import { troubleOf } from './trouble.ts';
import type { RelayQuery } from './types.ts';
import { findValues } from './variables.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const MOST_EVENTS = 1000;

interface Answer {
  readonly frames?: readonly DataFrame[];
  readonly trouble?: string;
}

export class RelayDataSource extends DataSourceApi<RelayQuery> implements RelaySource {
  override annotations: AnnotationSupport<RelayQuery> = {
    getDefaultQuery: () => ({ queryType: 'events' }),
    prepareAnnotation: (annotation) => ({
      ...annotation,
      target: annotation.target ?? { refId: 'Anno', queryType: 'events' },
    }),
  };

  readonly signal: Signalling = proxySignalling(getBackendSrv());
  readonly kept: KeptPictures;
  readonly #path: string;
  readonly #feed: StreamsFeed;
  readonly #t = sentencesIn(userLanguage());
  readonly #said = saidIn(userLanguage());

  constructor(settings: DataSourceInstanceSettings) {
    super(settings);
    this.#path = settings.url ?? '';
    this.kept = keptPictures(this.#path, this.signal, getBackendSrv());
    this.#feed = new StreamsFeed({
      url: this.#url('api/v1/streams'),
      signal: this.signal,
      explain: (response) => this.#explain(response),
    });
  }

  override getDefaultQuery(): Partial<RelayQuery> {
    return { queryType: 'streams', streams: '', labels: '' };
  }

  override getQueryDisplayText({
    queryType = 'streams',
    metric = '',
    streams = '',
    labels = '',
  }: RelayQuery): string {
    return [queryType, metric, streams, labels].filter((part) => part !== '').join(' ');
  }

  override query(request: DataQueryRequest<RelayQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.filter((target) => target.hide !== true);
    if (targets.length === 0) return of({ data: [], state: LoadingState.Done });
    const follows = targets.some(({ queryType = 'streams' }) => queryType === 'streams') && !isRendering();
    const answers = targets.map((target) => this.#answers(target, request));
    return combineLatest(answers).pipe(map((all) => response(all, follows)));
  }

  override async testDatasource(): Promise<TestDataSourceResponse> {
    const answer = await this.#get('api/v1/streams');
    const list = answer?.status === 200 ? relayStreamsFrom(answer.body) : undefined;
    if (list === undefined) return { status: 'error', message: this.#explain(answer) };
    const live = list.streams.filter((stream) => stream.state === 'live').length;
    const message =
      list.streams.length === 0
        ? this.#t('no-cameras')
        : this.#t('works', { count: list.streams.length, live });
    return { status: 'success', message };
  }

  override async metricFindQuery(query: unknown): Promise<MetricFindValue[]> {
    const text: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'query') : query;
    const { streams } = await this.#list();
    return findValues(getTemplateSrv().replace(typeof text === 'string' ? text : ''), streams);
  }

  whepUrl(stream: string): string {
    return this.#url(`api/v1/whep/${encodeURIComponent(stream)}`);
  }

  watchStreams(): Observable<StreamsNews> {
    const news = this.#feed.watch();
    return isRendering() ? news.pipe(take(1)) : news;
  }

  async still(stream: string, widthPixels: number, signal: AbortSignal): Promise<Still> {
    const name = encodeURIComponent(stream);
    const path = `${this.#path}/api/v1/streams/${name}/snapshot.jpg?width=${Math.round(widthPixels)}`;
    const answer = await proxyBlob(getBackendSrv(), path, signal);
    if ('blob' in answer)
      return { ok: true, jpeg: answer.blob, ageMs: ageMsIn(answer.header('X-Sightline-Age')) };
    return { ok: false, status: answer.status, sentence: this.#explain(answer) };
  }

  #answers(target: RelayQuery, request: DataQueryRequest<RelayQuery>): Observable<Answer> {
    switch (target.queryType) {
      case 'events':
        return this.#events(target, request);
      case 'metrics':
        return this.#metrics(target, request);
      case 'streams':
      case undefined:
        return this.#streams(target, request);
    }
  }

  #streams(target: RelayQuery, request: DataQueryRequest<RelayQuery>): Observable<Answer> {
    const filter = streamFilter(
      interpolated(target.streams, request, 'csv'),
      // Several values as `{a,b}`: a comma alone begins the next label.
      interpolated(target.labels, request, 'glob'),
    );
    return this.watchStreams().pipe(
      // A relay that is away for a moment leaves the tiles where they are.
      scan<StreamsNews, Answer>((before, news) => {
        if (!news.ok) return { ...before, trouble: news.sentence };
        return { frames: [streamFrame(target.refId, this.uid, news.streams.filter(filter), this.#said)] };
      }, {}),
    );
  }

  #events(target: RelayQuery, request: DataQueryRequest<RelayQuery>): Observable<Answer> {
    const names = interpolated(target.streams, request, 'csv');
    const kind = interpolated(target.kind, request, 'raw');
    const query = new URLSearchParams({
      from: String(request.range.from.valueOf()),
      to: String(request.range.to.valueOf()),
      limit: String(MOST_EVENTS),
      ...(kind === '' ? {} : { type: kind }),
    });
    return from(this.#eventsIn(target.refId, query, names));
  }

  async #eventsIn(refId: string, query: URLSearchParams, names: string): Promise<Answer> {
    const answer = await this.#get(`api/v1/events?${query}`);
    const events = answer?.status === 200 ? eventsFrom(answer.body) : undefined;
    if (events === undefined) return { trouble: this.#explain(answer) };
    const wanted = streamFilter(names, '');
    const kept =
      names === '' ? events : events.filter(({ stream }) => stream !== undefined && wanted(named(stream)));
    return { frames: [eventFrame(refId, kept)] };
  }

  /** Without a metric there is nothing to ask yet. */
  #metrics(target: RelayQuery, request: DataQueryRequest<RelayQuery>): Observable<Answer> {
    const metric = interpolated(target.metric, request, 'raw');
    if (metric === '') return of({ frames: [] });
    const { range, intervalMs } = request;
    const query = new URLSearchParams({
      metric,
      start_time: String(range.from.valueOf()),
      end_time: String(range.to.valueOf()),
      step: String(Math.max(1, Math.ceil(intervalMs / 1000))),
    });
    return from(this.#metricIn(target.refId, query, interpolated(target.streams, request, 'csv')));
  }

  async #metricIn(refId: string, query: URLSearchParams, names: string): Promise<Answer> {
    const answer = await this.#get(`api/v1/metrics/history?${query}`);
    const frames = answer?.status === 200 ? metricFrames(refId, answer.body) : undefined;
    if (frames === undefined) return { trouble: this.#explain(answer) };
    if (names === '') return { frames };
    const wanted = streamFilter(names, '');
    const streamOf = ({ fields }: DataFrame) => fields.at(-1)?.labels?.['stream'];
    return { frames: frames.filter((frame) => wanted(named(streamOf(frame) ?? ''))) };
  }

  /** Names for the editor; none where the relay tells none. */
  async metrics(): Promise<readonly string[]> {
    const answer = await this.#get('api/v1/metrics/current');
    return (answer?.status === 200 ? metricNames(answer.body) : undefined) ?? [];
  }

  async #list(): Promise<RelayStreams> {
    const answer = await this.#get('api/v1/streams');
    const list = answer?.status === 200 ? relayStreamsFrom(answer.body) : undefined;
    if (list === undefined) throw new Error(this.#explain(answer));
    return list;
  }

  /** Undefined when there was no answer at all. */
  #get(path: string): Promise<SignalResponse | undefined> {
    return this.signal({
      method: 'GET',
      url: this.#url(path),
      headers: {},
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    }).catch(() => undefined);
  }

  #url(path: string): string {
    return new URL(`${this.#path}/${path}`, location.origin).href;
  }

  #explain(response: Pick<SignalResponse, 'status' | 'body'> | undefined): string {
    return troubleOf(response, undefined, this.name, this.#t, this.#said);
  }
}

function response(answers: readonly Answer[], follows: boolean): DataQueryResponse {
  const trouble = answers.find((answer) => answer.trouble !== undefined)?.trouble;
  return {
    data: answers.flatMap(({ frames }) => frames ?? []),
    state:
      trouble === undefined ? (follows ? LoadingState.Streaming : LoadingState.Done) : LoadingState.Error,
    ...(trouble === undefined ? {} : { errors: [{ message: trouble }] }),
  };
}

/** Seconds with a fraction. */
function ageMsIn(header: string | null): number | undefined {
  const seconds = Number.parseFloat(header ?? '');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function interpolated(
  text: string | undefined,
  { scopedVars }: DataQueryRequest<RelayQuery>,
  format: string,
): string {
  return getTemplateSrv().replace(text ?? '', scopedVars, format);
}

/** An event knows its stream's name only; filters by name need no more. */
function named(name: string) {
  return {
    name,
    title: name,
    site: undefined,
    labels: {},
    state: 'idle',
    reason: undefined,
    reasonCode: undefined,
    warnings: [],
    flags: [],
    videoCodec: undefined,
    audioCodec: undefined,
    width: undefined,
    height: undefined,
    framesPerSecond: 0,
    bitrateBps: 0,
    viewers: 0,
    lastFrameMs: undefined,
  } as const;
}
