import { PanelPlugin } from '@grafana/data';
import { CameraPanel } from './camera-panel.tsx';
import { migrate } from './migrate.ts';
import { buildOptions } from './options-builder.ts';
import type { WallOptions } from './options.ts';
import { panelSentences } from './sentences.ts';
import { takeScreenshot } from './screenshot.ts';
import { presets, suggest } from './suggestions.ts';

export const plugin = new PanelPlugin<WallOptions>(CameraPanel)
  .setPanelOptions(buildOptions)
  .useFieldConfig()
  .setMigrationHandler(migrate)
  .setDataSupport({ alertStates: true })
  .setNoPadding()
  .setSuggestionsSupplier((summary) => suggest(summary.rawFrames, panelSentences()));

// Newer than the oldest Grafana that this runs in.
if ('setPresetsSupplier' in plugin) plugin.setPresetsSupplier(() => presets(panelSentences()));
if ('setScreenshotImage' in plugin) plugin.setScreenshotImage(takeScreenshot);
if ('setViewPanelOptions' in plugin) {
  plugin.setViewPanelOptions({
    fanout: { enabled: false },
    quickToggles: { optionProperties: ['fit', 'showTitles', 'figures'], fieldConfigProperties: [] },
  });
}
