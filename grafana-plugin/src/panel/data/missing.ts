/** Why the data source that a panel names is not there, and which one that is. Pure. */
import type { SignalResponse } from '@sightline/media-relay/client';
import { problemFrom } from '@sightline/media-relay/client';

export const missingReasons = [
  /** Nobody has it any more. */
  'gone',
  'not-permitted',
  'logged-out',
  'plugin-gone',
  /** It is there and the page does not know: it came, or the permission did, after the page was loaded. */
  'too-new',
  /** The page knows it, and it is of another type. */
  'not-a-relay',
  'unknown',
] as const;
export type MissingReason = (typeof missingReasons)[number];

/**
 * The page knows the data sources that its user may query, and nothing of the others. Grafana's proxy knows all: `answer` is what it
 * says to a request for this one, undefined when there was no answer.
 */
export function missingReason(answer: Pick<SignalResponse, 'status' | 'body'> | undefined): MissingReason {
  if (answer === undefined) return 'unknown';
  const { code } = problemFrom(answer.body);
  switch (code) {
    case 'grafana-source-gone':
      return 'gone';
    case 'grafana-not-permitted':
      return 'not-permitted';
    case 'grafana-logged-out':
      return 'logged-out';
    case 'grafana-plugin-gone':
      return 'plugin-gone';
    case 'grafana-refuses':
      return 'unknown';
    case undefined:
      return answer.status === 200 ? 'too-new' : 'unknown';
    default:
      // Somebody answered for it, well or badly.
      return 'too-new';
  }
}

/** The uid or name in Grafana's sentence for a query whose data source it does not have: all that there is to go by then. */
export function missingSourceIn(trouble: string | undefined): string | undefined {
  return /^Data ?source (?:named )?(.+?) was not found\.?$/i.exec(trouble ?? '')?.[1];
}
