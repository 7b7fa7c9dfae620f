/** When Grafana may propose a camera wall for some data, and which walls there are to begin with. */
import { VisualizationSuggestionScore } from '@grafana/data';
import type { DataFrame, VisualizationSuggestion } from '@grafana/data';
import { relayUidOf } from './data/tiles.ts';
import { defaultOptions } from './options.ts';
import type { WallOptions } from './options.ts';
import type { PanelTranslate } from './sentences-in.ts';

export type Suggestion = VisualizationSuggestion<WallOptions>;

/** Only for what a relay said itself: other data with a column "name" is none of our business. */
export function suggest(
  frames: readonly DataFrame[] | undefined,
  t: PanelTranslate,
): Suggestion[] | undefined {
  const isRelays = frames?.some((frame) => relayUidOf(frame) !== undefined && frame.length > 0) === true;
  if (!isRelays) return undefined;
  return [
    {
      name: t('suggestion.wall'),
      score: VisualizationSuggestionScore.Best,
      options: { ...defaultOptions },
      // A card is small and there may be many: one tile, and no text on it.
      cardOptions: {
        maxRows: 1,
        previewModifier: (suggestion) => {
          suggestion.options = { ...suggestion.options, figures: [], showTitles: false };
        },
      },
    },
  ];
}

export function presets(t: PanelTranslate): Suggestion[] {
  return [
    { name: t('preset.dense'), options: { ...defaultOptions, figures: [], fit: 'cover' } },
    { name: t('preset.spotlight'), options: { ...defaultOptions, layout: 'spotlight', rotateSeconds: 20 } },
    { name: t('preset.rotating'), options: { ...defaultOptions, perPage: 4, rotateSeconds: 15 } },
  ];
}
