import { config } from '@grafana/runtime';

/** What the user chose in Grafana; where that says nothing, what the page says, then the browser. */
export function userLanguage(): string {
  const chosen = config.bootData?.user?.language;
  if (chosen !== undefined && chosen !== '' && chosen !== 'default') return chosen;
  return document.documentElement.lang || navigator.language || 'en';
}
