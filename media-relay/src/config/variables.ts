import type { Environment } from './environment.ts';

export type Substituted =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/**
 * Replaces `${NAME}` by the variable of the environment; `$${` stands for a plain `${`. Inside an address the value is
 * percent-encoded, so that a password may hold any character; at its very beginning it is the address itself.
 */
export function substituteVariables(text: string, environment: Environment): Substituted {
  let missing: string | undefined;
  const isAddress = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text);
  const result = text.replace(/\$\$\{|\$\{([^}]*)\}/g, (match, name: string | undefined) => {
    if (name === undefined) return '${';
    const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? environment[name] : undefined;
    if (value === undefined || value === '') missing ??= name;
    return isAddress ? encodeURIComponent(value ?? '') : (value ?? match);
  });
  if (missing === undefined) return { ok: true, text: result };
  return { ok: false, message: whatIsMissing(missing) };
}

/** Only a name as variables usually have it is shown: what else stands there may be a password in the wrong place. */
function whatIsMissing(name: string): string {
  if (/^[A-Z_][A-Z0-9_]*$/.test(name))
    return `the environment variable ${name} is not set; set it, or write $\${ for a plain \${`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return 'the environment variable between ${ and } is not set; set it, or write $${ for a plain ${';
  return 'after ${ comes no name of a variable; write $${ for a plain ${';
}
