import { excerpt } from '../media/protocol-error.ts';
import { sourceSchemes, validateSourceUrl } from '../sources/registry.ts';
import { nearest } from './nearest.ts';

/** What is wrong with the address of a stream as "problem; remedy", or undefined. Never shows its credentials. */
export function sourceUrlProblem(url: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'is not an address; write one like rtsp://10.0.0.5/stream';
  if (sourceSchemes.includes(scheme)) return validateSourceUrl(url);
  const hint = nearest(scheme, sourceSchemes);
  const slip = hint === undefined ? '' : `did you mean ${hint}? `;
  return `unknown scheme "${excerpt(scheme, 20)}"; ${slip}use ${listed(sourceSchemes)}`;
}

function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
