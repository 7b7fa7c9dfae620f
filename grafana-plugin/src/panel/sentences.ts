import { userLanguage } from '../i18n/language.ts';
import { saidIn } from '../relay/relay-sentences.ts';
import type { Said } from '../relay/relay-sentences.ts';
import { panelSentencesIn } from './sentences-in.ts';
import type { PanelTranslate } from './sentences-in.ts';

export type { PanelSentence, PanelTranslate } from './sentences-in.ts';

let current: { readonly language: string; readonly t: PanelTranslate } | undefined;

/** In the language of Grafana's user. */
export function panelSentences(language: string = userLanguage()): PanelTranslate {
  if (current?.language !== language) current = { language, t: panelSentencesIn(language) };
  return current.t;
}

/** What the relay says, in the same language. */
export function relaySaid(): Said {
  return saidIn(userLanguage());
}
