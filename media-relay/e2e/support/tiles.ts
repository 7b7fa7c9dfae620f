/** What a page of players shows: of each stream a tile, with its state and a sentence. */
import type { Page } from 'playwright-core';

export const tile = (stream: string) => `[data-stream="${stream}"]`;

/** For `addInitScript`: `states` are those that the page's only tile was in, in order. */
export const keepStates = `
  window.states = [];
  new MutationObserver((changes) => {
    const state = changes.at(-1).target.dataset.state;
    if (states.at(-1) !== state) states.push(state);
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-state'] });
`;

export function reaches(page: Page, stream: string, state: string, timeoutMs = 15_000): Promise<unknown> {
  return page.waitForSelector(`${tile(stream)}[data-state="${state}"]`, {
    timeout: timeoutMs,
    state: 'attached',
  });
}

/** Waits for a line of text inside the element. */
export function says(page: Page, selector: string, pattern: RegExp): Promise<unknown> {
  return page.locator(selector).filter({ hasText: pattern }).first().waitFor({ timeout: 15_000 });
}
