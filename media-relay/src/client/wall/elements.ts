import type { TileState } from '../../stream/states.ts';

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

/** The state's shape, from the symbols in index.html; the word beside it names it. */
export function shape(state: TileState): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'shape');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#shape-${state}`);
  svg.append(use);
  return svg;
}
