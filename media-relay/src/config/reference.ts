import type { Setting } from './environment.ts';
import { settings } from './environment.ts';

/** The table of keys in docs/CONFIGURATION.md (Markdown), made from the schema. */
export function renderReference(): string {
  const rows = settings.flatMap(rowsOf);
  return ['| key | what | default | variable |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(setting: Setting): string[] {
  const { path, kind, description, isRequired, defaultValue, values, variable, settings: inner } = setting;
  const isHeading = kind === 'group';
  const value = isRequired
    ? 'required'
    : defaultValue === undefined || isHeading
      ? ''
      : code(JSON.stringify(defaultValue));
  const oneOf = values === undefined ? '' : ` (${values.map(code).join(', ')})`;
  const cells = [
    code(keyName(path)),
    description + oneOf,
    value,
    variable === undefined ? '' : code(variable),
  ];
  const row = `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row, ...inner.flatMap(rowsOf)];
}

function keyName(path: readonly string[]): string {
  return path.join('.').replaceAll('.[]', '[]');
}

function code(text: string): string {
  return `\`${text}\``;
}
