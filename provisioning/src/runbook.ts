import type { Environment } from './contact-points.ts';

/** What `runbook_url` names in the rules: the page in this repository, and the place of the address at which a team can open it. */
const placeholder = 'docs/RUNBOOK.md';
const variable = 'SIGHTLINE_RUNBOOK_URL';

/**
 * `text` of a rule file with its runbook links leading to the address in the environment, or as it is when there is none. Throws an Error
 * that names the variable.
 */
export function withRunbook(text: string, environment: Environment): string {
  const given = environment[variable]?.trim();
  if (given === undefined || given === '') return text;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new Error(`${variable} is not an http or https URL; give the whole address of the page.`);
  if (given.includes('#'))
    throw new Error(`${variable} has a "#"; give the address of the page, each alert adds its own section.`);
  // It goes between single quotes.
  const page = new URL(given).href.replaceAll("'", '%27');
  return text.replaceAll(`${placeholder}#`, () => `${page}#`);
}
