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
  return {
    ok: false,
    message: /^[A-Za-z_][A-Za-z0-9_]*$/.test(missing)
      ? `the environment variable ${missing} is not set; set it, or write $\${ for a plain \${`
      : 'after ${ comes no name of a variable; write $${ for a plain ${',
  };
}
