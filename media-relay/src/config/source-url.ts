import { excerpt } from '../media/protocol-error.ts';
import { nearest } from './nearest.ts';

const schemes = ['rtsp', 'rtsps', 'demo'];

/** What is wrong with the address of a source as "problem; remedy", or undefined. Never shows its credentials. */
export function validateSourceUrl(url: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'is not an address; write one like rtsp://10.0.0.5/stream';
  if (!schemes.includes(scheme)) {
    const hint = nearest(scheme, schemes);
    return `unknown scheme "${excerpt(scheme, 20)}"; ${hint === undefined ? '' : `did you mean ${hint}? `}use rtsp, rtsps or demo`;
  }
  if (scheme === 'demo') return undefined;
  if (!/^rtsps?:\/\//i.test(url) || !URL.canParse(url) || new URL(url).hostname === '')
    return 'names no host; write one like rtsp://10.0.0.5/stream';
  return undefined;
}
