import type { FieldOverrideContext, PanelOptionsEditorBuilder, SelectableValue } from '@grafana/data';
import { overlayNames } from './data/join.ts';
import { defaultOptions, figureNames } from './options.ts';
import type { WallOptions } from './options.ts';
import { RelayEditor } from './relay-editor.tsx';
import { panelSentences } from './sentences.ts';

export function buildOptions(builder: PanelOptionsEditorBuilder<WallOptions>): void {
  const t = panelSentences();
  addWall(builder);
  const tile = [t('section.tile')];
  const data = [t('section.data')];
  builder
    .addRadio({
      path: 'fit',
      name: t('option.fit'),
      category: tile,
      defaultValue: defaultOptions.fit,
      settings: {
        options: [
          { value: 'contain', label: t('fit.contain') },
          { value: 'cover', label: t('fit.cover') },
        ],
      },
    })
    .addBooleanSwitch({
      path: 'showTitles',
      name: t('option.titles'),
      category: tile,
      defaultValue: defaultOptions.showTitles,
    })
    .addTextInput({
      path: 'title',
      name: t('option.title'),
      description: t('option.title-help'),
      category: tile,
      defaultValue: defaultOptions.title,
      showIf: (options) => options.showTitles,
    })
    .addMultiSelect({
      path: 'figures',
      name: t('option.figures'),
      description: t('option.figures-help'),
      category: tile,
      defaultValue: [...defaultOptions.figures],
      settings: { options: listOf(figureNames.map((value) => ({ value, label: t(`figure.${value}`) }))) },
    })
    .addMultiSelect({
      path: 'overlays',
      name: t('option.overlays'),
      description: t('option.overlays-help'),
      category: tile,
      defaultValue: [...defaultOptions.overlays],
      settings: {
        options: [],
        allowCustomValue: true,
        getOptions: async (context) => listOf(await fieldOptions(context)),
      },
    })
    .addSelect({
      path: 'border',
      name: t('option.border'),
      category: tile,
      defaultValue: defaultOptions.border,
      settings: {
        options: (['state', 'alert', 'field', 'none'] as const).map((value) => ({
          value,
          label: t(`border.${value}`),
        })),
      },
    })
    .addSelect({
      path: 'borderField',
      name: t('option.border-field'),
      category: tile,
      defaultValue: defaultOptions.borderField,
      settings: { options: [], allowCustomValue: true, getOptions: fieldOptions },
      showIf: (options) => options.border === 'field',
    })
    .addCustomEditor({
      id: 'relay',
      path: 'relay',
      name: t('option.relay'),
      description: t('option.relay-help'),
      category: data,
      defaultValue: defaultOptions.relay,
      editor: RelayEditor,
    })
    .addTextInput({
      path: 'streamField',
      name: t('option.stream-field'),
      description: t('option.stream-field-help'),
      category: data,
      defaultValue: defaultOptions.streamField,
    });
}

function addWall(builder: PanelOptionsEditorBuilder<WallOptions>): void {
  const t = panelSentences();
  const category = [t('section.wall')];
  builder
    .addRadio({
      path: 'layout',
      name: t('option.layout'),
      category,
      defaultValue: defaultOptions.layout,
      settings: {
        options: (['auto', 'columns', 'spotlight'] as const).map((value) => ({
          value,
          label: t(`layout.${value}`),
        })),
      },
    })
    .addSliderInput({
      path: 'columns',
      name: t('option.columns'),
      category,
      defaultValue: defaultOptions.columns,
      settings: { min: 1, max: 12, step: 1 },
      showIf: (options) => options.layout === 'columns',
    })
    .addNumberInput({
      path: 'perPage',
      name: t('option.per-page'),
      description: t('option.per-page-help'),
      category,
      defaultValue: defaultOptions.perPage,
      settings: { min: 0, max: 100, integer: true },
    })
    .addNumberInput({
      path: 'rotateSeconds',
      name: t('option.rotate'),
      description: t('option.rotate-help'),
      category,
      defaultValue: defaultOptions.rotateSeconds,
      settings: { min: 0, max: 3600, integer: true },
    });
}

async function fieldOptions({ data, options }: FieldOverrideContext): Promise<SelectableValue<string>[]> {
  const chosen = (options as Partial<WallOptions> | undefined)?.streamField ?? '';
  return overlayNames(data, chosen).map((value) => ({ value, label: value }));
}

/** Grafana's types want each option of a multi-select to be a list itself; its code wants single values. */
function listOf<T>(options: readonly SelectableValue<T>[]): SelectableValue<T[]>[] {
  return options as unknown as SelectableValue<T[]>[];
}
