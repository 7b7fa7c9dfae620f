/** RFC 8839 5.1: where an answer's candidates are. */

/** All of them in one string, the same for two answers that name the same ones in any order and with any priority. */
export function mediaAddressesOf(sdp: string): string {
  const found = [...sdp.matchAll(/^a=candidate:\S+ \d+ (udp|tcp) \d+ (\S+ \d+) /gim)];
  const addresses = found.map(([, transport = '', address = '']) => `${transport} ${address}`.toLowerCase());
  return [...new Set(addresses)].sort().join();
}

/** 'UDP or TCP port 8641', 'UDP port 8641 or 9000': for the sentence that tells people what to open. */
export function mediaPortsOf(sdp: string): string {
  const found = [...sdp.matchAll(/^a=candidate:\S+ \d+ (udp|tcp) \d+ \S+ (\d+) /gim)];
  const transports = distinct(found.map(([, transport = '']) => transport.toUpperCase()));
  const ports = distinct(found.map(([, , port = '']) => port));
  if (found.length === 0) return 'its media port';
  return `${transports.join(' or ')} port ${ports.join(' or ')}`;
}

/** In the order of the first ones; three say enough. */
function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].slice(0, 3);
}
