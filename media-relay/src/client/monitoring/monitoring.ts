/** The monitoring page: the relay's own figures, for those without Grafana. */
import { problemFrom } from '../refusal.ts';
import { byId, setText, shiftPixels } from '../page/elements.ts';
import { bitrateText } from '../wall/presentation.ts';
import type { ChartData } from './chart-view.ts';
import { Chart } from './chart-view.ts';
import { gaugesOf } from './gauges.ts';
import type { Course, Figures, Overview } from './overview.ts';
import { askCourse, askLimits, askOverview } from './overview.ts';
import { showAlerts, showGauges, showStreams } from './board-view.ts';

const REFRESH_MS = 5000;
const LIMITS_MS = 60_000;
const TIMEOUT_MS = 8000;
const STEP_SECONDS = 10;
/** Of a relay that started just now there is little, but that in detail. */
const YOUNG_STEP_SECONDS = 2;
const YOUNG_SECONDS = 600;

const percent = (value: number): string => `${Math.round(100 * value)}%`;
const bits = (bytesPerSecond: number): string =>
  bytesPerSecond === 0 ? '0' : bitrateText(8 * bytesPerSecond);
const charts = {
  cpu: new Chart(byId('chart-cpu'), [{ name: '', colour: 'line-1', text: percent, top: 1, isFixed: true }]),
  memory: new Chart(byId('chart-memory'), [
    { name: '', colour: 'line-2', text: percent, top: 1, isFixed: true },
  ]),
  network: new Chart(byId('chart-network'), [
    { name: 'in', colour: 'line-1', text: bits, top: 12_500 },
    { name: 'out', colour: 'line-3', text: bits, top: 12_500 },
  ]),
  stream: new Chart(byId('chart-stream'), [
    { name: '', colour: 'line-1', text: (fps) => `${Math.round(fps)} fps`, top: 10 },
    { name: '', colour: 'line-3', text: bits, axis: 'right', top: 12_500 },
  ]),
};

const board = byId('board');
const banner = byId('banner');
const chooser = byId('chosen') as HTMLSelectElement;
let limits: Figures = new Map();
let limitsAt = -Infinity;
let stepSeconds = YOUNG_STEP_SECONDS;
let last: Overview | undefined;

async function ask(path: string): Promise<unknown> {
  const response = await fetch(new URL(path, document.baseURI), {
    cache: 'no-store',
    credentials: 'same-origin',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new Error('The relay cannot be reached; trying again. The figures are old.');
  });
  const body = await response.text();
  if (!response.ok)
    throw new Error(problemFrom(body).sentence ?? `The relay answered with status ${response.status}.`);
  return JSON.parse(body) as unknown;
}

async function refresh(): Promise<void> {
  try {
    if (performance.now() - limitsAt > LIMITS_MS) {
      limits = await askLimits(ask);
      limitsAt = performance.now();
    }
    last = await askOverview(ask);
    showOverview(last);
    await showCharts(last.nowMs);
    setTrouble('');
  } catch (error) {
    setTrouble(error instanceof Error ? error.message : String(error));
  }
}

function showOverview({ nowMs, streams, figures, alerts }: Overview): void {
  shiftPixels(Date.now());
  offerStreams(streams);
  showGauges(gaugesOf(figures, limits));
  showStreams(streams, nowMs, chosen(), choose);
  showAlerts(alerts, nowMs);
  setText(byId('clock'), new Date(nowMs).toLocaleTimeString([], { hour12: false }));
}

async function showCharts(nowMs: number): Promise<void> {
  const stream = chosen();
  const course = (metric: string, of?: string): Promise<Course> => askCourse(ask, metric, stepSeconds, of);
  const [cpu, memory, received, sent, fps, bytes] = await Promise.all([
    course('sightline_cpu_utilisation_ratio'),
    course('sightline_memory_utilisation_ratio'),
    course('sightline_host_network_receive_bytes_total'),
    course('sightline_host_network_transmit_bytes_total'),
    ...(stream === undefined
      ? []
      : [
          course('sightline_stream_frames_per_second', stream),
          course('sightline_stream_video_bytes_per_second', stream),
        ]),
  ]);
  const nowSeconds = nowMs / 1000;
  const oldest = cpu?.seconds[cpu.series[0]?.values.findIndex((value) => value !== null) ?? -1];
  stepSeconds = nowSeconds - (oldest ?? nowSeconds) < YOUNG_SECONDS ? YOUNG_STEP_SECONDS : STEP_SECONDS;
  charts.cpu.show(together(cpu), nowSeconds);
  charts.memory.show(together(memory), nowSeconds);
  charts.network.show(together(received, sent), nowSeconds);
  if (stream === chosen()) charts.stream.show(together(fps, bytes), nowSeconds);
}

/** One line for each course: the sum of its series, without the loopback device. */
function together(...courses: readonly (Course | undefined)[]): ChartData {
  const seconds = courses[0]?.seconds ?? [];
  const lines = courses.map((course) => {
    const series = course?.series.filter(({ labels }) => labels['device'] !== 'lo') ?? [];
    return seconds.map((_, step) =>
      series.reduce<number | null>((sum, { values }) => {
        const value = values[step] ?? null;
        return value === null ? sum : (sum ?? 0) + value;
      }, null),
    );
  });
  return [seconds, ...lines];
}

function offerStreams(streams: Overview['streams']): void {
  const names = streams.map(({ name }) => name).toSorted();
  const offered = [...chooser.options].map(({ value }) => value);
  if (names.join('\n') === offered.join('\n')) return;
  const before = chooser.value;
  chooser.replaceChildren(
    ...names.map((name) => new Option(streams.find((stream) => stream.name === name)?.title ?? name, name)),
  );
  if (names.includes(before)) chooser.value = before;
}

function chosen(): string | undefined {
  return chooser.value === '' ? undefined : chooser.value;
}

function choose(name: string): void {
  chooser.value = name;
  if (last === undefined) return;
  showStreams(last.streams, last.nowMs, chosen(), choose);
  showCharts(last.nowMs).catch((error: unknown) => setTrouble(String(error)));
}

function setTrouble(sentence: string): void {
  setText(banner, sentence);
  banner.hidden = sentence === '';
  board.classList.toggle('stale', sentence !== '');
}

async function follow(): Promise<void> {
  if (!document.hidden) await refresh();
  setTimeout(() => void follow(), REFRESH_MS);
}

chooser.addEventListener('change', () => choose(chooser.value));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});
void follow();
