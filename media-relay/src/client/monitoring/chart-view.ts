/** One chart of the last hour: lines over time, and a line of text that says the newest values, or those at the pointer. */
import uPlot from 'uplot';

export interface Line {
  readonly name: string;
  /** A colour of monitoring.css. */
  readonly colour: string;
  readonly text: (value: number) => string;
  /** Lines of another unit have the other axis. */
  readonly axis?: 'left' | 'right';
  /** What the axis reaches at least; for a ratio all that it ever reaches. */
  readonly top: number;
  readonly isFixed?: boolean;
}

export type ChartData = readonly [readonly number[], ...(readonly (number | null)[])[]];

/** As page.css: text grows with the screen. */
const scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const FONT = `${Math.round(11.5 * scale)}px system-ui, sans-serif`;
const HOUR_SECONDS = 3600;
const LEAST_SECONDS = 60;

export class Chart {
  readonly #plot: uPlot;
  readonly #lines: readonly Line[];
  readonly #readout: Element;

  constructor(figure: HTMLElement, lines: readonly Line[]) {
    const readout = figure.querySelector('.readout');
    if (readout === null) throw new Error('The chart has no readout');
    this.#readout = readout;
    this.#lines = lines;
    const holder = document.createElement('div');
    holder.className = 'plot';
    figure.append(holder);
    this.#plot = new uPlot(
      optionsOf(lines, () => this.#read()),
      [[], ...lines.map(() => [])],
      holder,
    );
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = holder;
      if (width > 0 && height > 0) this.#plot.setSize({ width, height });
    }).observe(holder);
  }

  show([seconds, ...values]: ChartData, nowSeconds: number): void {
    this.#plot.setData([[...seconds], ...values.map((line) => [...line])], false);
    // Of a relay that started just now there is no hour yet.
    const first = seconds[values[0]?.findIndex((value) => value !== null) ?? -1] ?? nowSeconds;
    const oldest = Math.min(first, nowSeconds - LEAST_SECONDS);
    this.#plot.batch(() => {
      this.#plot.setScale('x', { min: Math.max(nowSeconds - HOUR_SECONDS, oldest), max: nowSeconds });
    });
    this.#read();
  }

  #read(): void {
    const { data } = this.#plot;
    const pointed = this.#plot.cursor.idx;
    const parts = this.#lines.flatMap(({ name, colour, text }, at) => {
      const values = data[at + 1] ?? [];
      const value = typeof pointed === 'number' ? values[pointed] : newest(values);
      if (typeof value !== 'number') return [];
      return [{ colour, text: `${name === '' ? '' : `${name} `}${text(value)}` }];
    });
    const moment = typeof pointed === 'number' ? data[0][pointed] : undefined;
    if (moment !== undefined) parts.unshift({ colour: 'moment', text: clockText(moment, true) });
    this.#readout.replaceChildren(
      ...parts.map(({ colour, text }) => {
        const part = document.createElement('span');
        part.className = colour;
        part.textContent = text;
        return part;
      }),
    );
  }
}

function newest(values: ArrayLike<number | null | undefined>): number | undefined {
  for (let at = values.length - 1; at >= 0; at--) {
    const value = values[at];
    if (typeof value === 'number') return value;
  }
  return undefined;
}

function optionsOf(lines: readonly Line[], onCursor: () => void): uPlot.Options {
  const colours = getComputedStyle(document.documentElement);
  const colour = (name: string): string => colours.getPropertyValue(`--${name}`).trim();
  const grid = { stroke: colour('grid'), width: 1 };
  const common = { stroke: colour('quiet'), font: FONT, ticks: { show: false } };
  const axisOf = (line: Line, side: 1 | 3): uPlot.Axis => ({
    ...common,
    side,
    scale: scaleOf(line),
    grid: side === 3 ? grid : { show: false },
    size: 68 * scale,
    space: 26 * scale,
    values: (_, splits) => splits.map((value) => line.text(value)),
  });
  const left = lines.find(({ axis }) => axis !== 'right');
  const right = lines.find(({ axis }) => axis === 'right');
  return {
    width: 320,
    height: 150,
    padding: [8 * scale, right === undefined ? 12 * scale : 0, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, sync: { key: 'monitoring' }, y: false },
    hooks: { setCursor: [onCursor] },
    scales: Object.fromEntries([
      ['x', { time: true }],
      ...lines.map((line) => [
        scaleOf(line),
        {
          range: (_: uPlot, _min: number, max: number) => [
            0,
            line.isFixed === true ? line.top : Math.max(line.top, (max || 0) * 1.15),
          ],
        },
      ]),
    ]) as uPlot.Scales,
    axes: [
      {
        ...common,
        grid: { show: false },
        size: 30 * scale,
        gap: 9 * scale,
        space: 70 * scale,
        values: (_, splits) => {
          const isFine = (splits[1] ?? 0) - (splits[0] ?? 0) < 60;
          return splits.map((value) => clockText(value, isFine));
        },
      },
      ...(left === undefined ? [] : [axisOf(left, 3)]),
      ...(right === undefined ? [] : [axisOf(right, 1)]),
    ],
    series: [
      {},
      ...lines.map((line) => ({
        scale: scaleOf(line),
        stroke: colour(line.colour),
        fill: line.axis === 'right' || lines.length > 2 ? '' : `${colour(line.colour)}1f`,
        width: 1.5 * scale,
        points: { show: false },
      })),
    ],
  };
}

function scaleOf({ axis }: Line): string {
  return axis ?? 'left';
}

function clockText(seconds: number, isFine: boolean): string {
  return new Date(seconds * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    ...(isFine ? { second: '2-digit' } : {}),
  });
}
