/** The picture of `sightline top`: figures in, lines of text out. Pure. */
import { stripVTControlCharacters, styleText } from 'node:util';

import type { Gauge, GaugeLevel } from '../client/monitoring/gauges.ts';
import { gaugeWords } from '../client/monitoring/gauges.ts';
import type { AlertRow, Overview, StreamRow } from '../client/monitoring/overview.ts';
import { streamWords } from '../client/monitoring/words.ts';
import { bitrateText, durationText } from '../client/wall/presentation.ts';

export interface ScreenSize {
  readonly columns: number;
  /** Infinity where nothing has to fit. */
  readonly rows: number;
  readonly hasColour: boolean;
}

type Colour = 'green' | 'yellow' | 'magenta' | 'red' | 'cyan' | 'gray' | 'bold';

const levelColours: Readonly<Record<GaugeLevel, Colour>> = {
  ok: 'green',
  raised: 'yellow',
  high: 'magenta',
  critical: 'red',
};
const stateColours: Readonly<Record<StreamRow['state'], Colour>> = {
  live: 'green',
  connecting: 'cyan',
  idle: 'gray',
  stalled: 'magenta',
  offline: 'red',
  refused: 'red',
};
const alertColours: Readonly<Record<AlertRow['level'], Colour>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'cyan',
};

/** Never wider than the screen, nor longer: what does not fit is counted. */
export function topScreen(overview: Overview, gauges: readonly Gauge[], size: ScreenSize): string[] {
  const { columns, rows, hasColour } = size;
  const paint = (colour: Colour, text: string): string =>
    hasColour ? styleText(colour, text, { validateStream: false }) : text;
  const { nowMs, streams, alerts } = overview;
  const live = streams.filter(({ state }) => state === 'live').length;
  const viewers = streams.reduce((sum, stream) => sum + stream.viewers, 0);
  const head = [
    `${paint('bold', 'Sightline')}  ${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')} UTC  ` +
      `${live} of ${streams.length} streams live  ${viewers} viewers  ${alerts.length} alerts`,
    '',
    ...gaugeLines(gauges, columns, paint),
    '',
  ];
  const alertLines = alerts.map(
    ({ level, about, message }) =>
      `${paint(alertColours[level], level.toUpperCase().padEnd(8))} ${plain(about === undefined ? message : `${about}: ${message}`)}`,
  );
  const shownAlerts = shortened(alertLines, rows === Infinity ? Infinity : Math.max(1, Math.floor(rows / 4)));
  const room = rows - head.length - shownAlerts.length - 3;
  const table = streamLines(streams, nowMs, columns, paint);
  return [...head, ...shortened(table, room), ...(alerts.length > 0 ? ['', ...shownAlerts] : [])]
    .slice(0, rows === Infinity ? undefined : rows)
    .map((line) => fitted(line, columns));
}

function gaugeLines(
  gauges: readonly Gauge[],
  columns: number,
  paint: (colour: Colour, text: string) => string,
): string[] {
  const width = 41;
  const perLine = Math.max(1, Math.floor((columns + 2) / (width + 2)));
  const cells = gauges.map(({ name, percent, level }) => {
    const filled = Math.min(10, Math.round(percent / 10));
    const bar = paint(levelColours[level], '#'.repeat(filled)) + '.'.repeat(10 - filled);
    return `${name.slice(0, 16).padEnd(16)} ${bar} ${`${percent}%`.padStart(4)} ${gaugeWords[level].padEnd(8)}`;
  });
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += perLine) lines.push(cells.slice(at, at + perLine).join('  '));
  return lines;
}

function streamLines(
  streams: readonly StreamRow[],
  nowMs: number,
  columns: number,
  paint: (colour: Colour, text: string) => string,
): string[] {
  if (streams.length === 0) return ['No streams are configured yet.'];
  // State, viewers, fps, bit rate and uptime take 54 columns; the name has the rest.
  const nameWidth = Math.min(40, Math.max(8, columns - 54));
  const head = `${'STATE'.padEnd(11)}${'STREAM'.padEnd(nameWidth + 1)}${'VIEWERS'.padStart(8)}${'FPS'.padStart(5)}${'BIT RATE'.padStart(12)}  ${'UPTIME'.padEnd(14)}`;
  return [
    paint('bold', head.trimEnd()),
    ...streams.map((stream) => {
      const { state, name, viewers, framesPerSecond, bitrateBps, stateSinceMs, note } = stream;
      const isLive = state === 'live';
      const isCounted = stateSinceMs !== undefined && state !== 'idle' && state !== 'connecting';
      const duration = isCounted ? durationText(nowMs - stateSinceMs) : '-';
      return (
        paint(stateColours[state], streamWords[state].padEnd(11)) +
        cut(plain(name), nameWidth).padEnd(nameWidth + 1) +
        `${viewers}`.padStart(8) +
        (isLive ? `${Math.round(framesPerSecond)}` : '-').padStart(5) +
        (isLive ? bitrateText(bitrateBps) : '-').padStart(12) +
        `  ${(isLive || !isCounted ? duration : `down ${duration}`).padEnd(14)} ${plain(note ?? '')}`
      ).trimEnd();
    }),
  ];
}

function shortened(lines: readonly string[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  const kept = Math.max(0, room - 1);
  return [...lines.slice(0, kept), `... and ${lines.length - kept} more`];
}

/** Texts come from a configuration and from cameras: nothing of them may steer the terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}~`;
}

const escape = String.fromCharCode(27);
const colourCode = new RegExp(`(${escape}\\[[0-9;]*m)`, 'u');

/** Cuts what is too long, without counting or cutting the colours. */
function fitted(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line;
  let width = 0;
  let result = '';
  for (const part of line.split(colourCode)) {
    if (part.startsWith(escape)) result += part;
    else {
      result += part.slice(0, Math.max(0, columns - width));
      width += part.length;
    }
  }
  return result;
}
