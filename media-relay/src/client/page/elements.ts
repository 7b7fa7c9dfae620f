import { pixelShift, shiftVariables } from '../pixel-shift.ts';
import { pathOf } from './shapes.ts';
import type { ShapeName, statePaths } from './shapes.ts';

export function child<K extends keyof HTMLElementTagNameMap>(
  parent: Element,
  tag: K,
  className: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

/** The element of the page's own HTML with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}`);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The shape of a state or level; the word beside it names it. */
export function shape(name: ShapeName): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'shape');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', pathOf(name));
  svg.append(path);
  return svg;
}

/** Untouched text is not announced again, nor laid out. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export interface Count {
  /** Of a stream or a tile. */
  readonly state: keyof typeof statePaths;
  readonly word: string;
  readonly count: number;
}

const calm: ReadonlySet<string> = new Set(['live', 'idle']);

/** The bar's summary: what is wrong comes first. */
export function showSummary(counts: readonly Count[]): void {
  const inOrder = counts.toSorted((a, b) => Number(calm.has(a.state)) - Number(calm.has(b.state)));
  byId('summary').replaceChildren(
    ...inOrder.map(({ state, word, count }) => {
      const item = document.createElement('li');
      item.dataset['state'] = state;
      item.append(shape(state));
      child(item, 'span', 'count').textContent = `${count} ${word.toLowerCase()}`;
      return item;
    }),
  );
}

/** Moves what stands still by a pixel when it is time: call once in a while. */
export function shiftPixels(nowMs: number): void {
  for (const [name, value] of Object.entries(shiftVariables(pixelShift(nowMs))))
    document.documentElement.style.setProperty(name, value);
}
