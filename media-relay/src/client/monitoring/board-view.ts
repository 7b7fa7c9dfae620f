/** Gauges, streams and alerts as elements of the page. Rows are kept, so that focus and scrolling are. */
import { byId, child, setText, shape, showSummary } from '../page/elements.ts';
import { bitrateText, durationText } from '../wall/presentation.ts';
import type { Gauge } from './gauges.ts';
import { gaugeWords } from './gauges.ts';
import type { AlertRow, StreamRow } from './overview.ts';
import { streamWords } from './words.ts';

export function showGauges(gauges: readonly Gauge[]): void {
  const list = byId('gauges');
  keepRows(
    list,
    gauges,
    ({ name }) => name,
    () => {
      const template = byId('gauge') as HTMLTemplateElement;
      return template.content.firstElementChild?.cloneNode(true) as HTMLElement;
    },
    (element, { name, percent, level, detail }) => {
      element.dataset['level'] = level;
      part(element, '.value').setAttribute('stroke-dasharray', `${Math.min(100, percent)} 200`);
      setText(part(element, '.percent'), `${percent}%`);
      setText(part(element, '.name'), name);
      setText(part(element, '.detail'), detail);
      part(element, '.level').replaceChildren(shape(level), gaugeWords[level]);
    },
  );
}

export function showStreams(
  streams: readonly StreamRow[],
  nowMs: number,
  chosen: string | undefined,
  choose: (name: string) => void,
): void {
  keepRows(
    byId('streams'),
    streams,
    ({ name }) => name,
    ({ name }) => streamRow(() => choose(name)),
    (row, stream) => {
      row.dataset['stream'] = stream.name;
      row.dataset['state'] = stream.state;
      row.classList.toggle('chosen', stream.name === chosen);
      part(row, '.state').replaceChildren(shape(stream.state), streamWords[stream.state]);
      setText(part(row, '.title'), stream.title);
      setText(part(row, '.site'), stream.site ?? '');
      setText(part(row, '.note'), stream.note ?? '');
      const isLive = stream.state === 'live';
      setText(part(row, '.viewers'), `${stream.viewers}`);
      setText(part(row, '.fps'), isLive ? `${Math.round(stream.framesPerSecond)}` : '–');
      setText(part(row, '.bitrate'), isLive ? bitrateText(stream.bitrateBps) : '–');
      setText(part(row, '.picture'), pictureText(stream));
      setText(part(row, '.uptime'), uptimeText(stream, nowMs));
    },
  );
  byId('no-streams').hidden = streams.length > 0;
  setText(byId('stream-count'), streams.length === 0 ? '' : `${streams.length}`);
  summarise(streams);
}

export function showAlerts(alerts: readonly AlertRow[], nowMs: number): void {
  const list = byId('alerts');
  list.replaceChildren(
    ...alerts.map(({ level, message, about, sinceMs }) => {
      const item = document.createElement('li');
      item.dataset['alert'] = level;
      const head = child(item, 'p', 'alert-head');
      head.append(shape(alertShapes[level]));
      child(head, 'strong', 'alert-level').textContent = alertWords[level];
      if (about !== undefined) child(head, 'span', 'about').textContent = about;
      child(head, 'span', 'age').textContent = sinceMs === undefined ? '' : durationText(nowMs - sinceMs);
      child(item, 'p', 'message').textContent = message;
      return item;
    }),
  );
  byId('no-alerts').hidden = alerts.length > 0;
  setText(byId('alert-count'), alerts.length === 0 ? '' : `${alerts.length}`);
}

const alertWords = { critical: 'Critical', warning: 'Warning', info: 'Unusual' } as const;
const alertShapes = { critical: 'critical', warning: 'raised', info: 'ok' } as const;

function pictureText({ width, height, codec }: StreamRow): string {
  const size = width === undefined || height === undefined ? [] : [`${width}×${height}`];
  return [...size, ...(codec === undefined ? [] : [codec === 'h264' ? 'H.264' : codec])].join(' ');
}

/** How long it is up; for one that is away, how long it is that. */
function uptimeText({ state, stateSinceMs }: StreamRow, nowMs: number): string {
  if (stateSinceMs === undefined || state === 'idle' || state === 'connecting') return '–';
  const duration = durationText(nowMs - stateSinceMs);
  return state === 'live' ? duration : `down ${duration}`;
}

function streamRow(choose: () => void): HTMLElement {
  const row = document.createElement('tr');
  child(row, 'td', 'state');
  const stream = child(row, 'td', 'stream');
  const button = child(stream, 'button', 'title');
  button.type = 'button';
  child(stream, 'span', 'site');
  child(stream, 'p', 'note');
  for (const figure of ['viewers number', 'fps number', 'bitrate number', 'picture wide', 'uptime number'])
    child(row, 'td', figure);
  row.addEventListener('click', choose);
  return row;
}

function summarise(streams: readonly StreamRow[]): void {
  const counts = new Map<StreamRow['state'], number>();
  for (const { state } of streams) counts.set(state, (counts.get(state) ?? 0) + 1);
  showSummary([...counts].map(([state, count]) => ({ state, word: streamWords[state], count })));
}

function keepRows<T>(
  list: HTMLElement,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => HTMLElement,
  fill: (element: HTMLElement, item: T) => void,
): void {
  const before = new Map(
    [...list.children].map((element) => [(element as HTMLElement).dataset['key'], element]),
  );
  const after = items.map((item) => {
    const key = keyOf(item);
    const element = (before.get(key) ?? make(item)) as HTMLElement;
    element.dataset['key'] = key;
    fill(element, item);
    return element;
  });
  const isSame = after.length === list.children.length && after.every((one, at) => list.children[at] === one);
  if (!isSame) list.replaceChildren(...after);
}

function part(element: Element, selector: string): Element {
  const found = element.querySelector(selector);
  if (found === null) throw new Error(`There is no ${selector}`);
  return found;
}
