import { parseAnnounced } from '../webrtc/addresses.ts';
import type { EngineSpec } from './messages.ts';

/** The same engine on thread `index`: each media thread has a port of its own, and so has whatever forwards to it. */
export function threadSpec(spec: EngineSpec, index: number): EngineSpec {
  return {
    ...spec,
    threadIndex: index,
    mediaPort: spec.mediaPort === 0 ? 0 : spec.mediaPort + index,
    announcedAddresses: spec.announcedAddresses.map((text) => shifted(text, index)),
  };
}

function shifted(text: string, by: number): string {
  const { address, family, port } = parseAnnounced(text);
  if (port === undefined) return text;
  return `${family === 6 ? `[${address}]` : address}:${port + by}`;
}
