/** What Grafana fills these registries with, as far as it decides how values look. Editors are not drawn here. */
import {
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigProperty,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import type { FieldConfigPropertyItem } from '@grafana/data';

const editorIds = [
  'number',
  'slider',
  'text',
  'boolean',
  'select',
  'multi-select',
  'radio',
  'unit',
  'color',
  'strings',
];

const processors = {
  [FieldConfigProperty.DisplayName]: displayNameOverrideProcessor,
  [FieldConfigProperty.Unit]: unitOverrideProcessor,
  [FieldConfigProperty.Min]: numberOverrideProcessor,
  [FieldConfigProperty.Max]: numberOverrideProcessor,
  [FieldConfigProperty.Decimals]: numberOverrideProcessor,
  [FieldConfigProperty.Thresholds]: thresholdsOverrideProcessor,
  [FieldConfigProperty.Mappings]: valueMappingsOverrideProcessor,
  [FieldConfigProperty.Links]: dataLinksOverrideProcessor,
  [FieldConfigProperty.Color]: identityOverrideProcessor,
};

export function fillRegistries(): void {
  const editor = () => null;
  standardEditorsRegistry.setInit(() => editorIds.map((id) => ({ id, name: id, description: '', editor })));
  standardFieldConfigEditorRegistry.setInit(() =>
    Object.entries(processors).map(([id, process]): FieldConfigPropertyItem => ({
      id,
      path: id,
      name: id,
      editor,
      override: editor,
      process,
      settings: {},
      shouldApply: () => true,
    })),
  );
}
