/** Why the service cannot have its address, as a sentence for the person who starts it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(cause: unknown, address: string, port: number) {
    super(sentence(cause, address, port), { cause });
  }
}

function sentence(cause: unknown, address: string, port: number): string {
  switch (cause instanceof Error && 'code' in cause ? cause.code : undefined) {
    case 'EADDRINUSE':
      return (
        `Port ${port} on ${address} is in use; is another exporter running? Media of a relay may have it, too: with several ` +
        'engine.threads it takes a port for each from media.port on (8641, 8642, ...). ' +
        'Stop the one, or choose another port with --port or SIGHTLINE_EXPORTER_PORT.'
      );
    case 'EACCES':
      return `Port ${port} needs more rights than this user has; choose one above 1023 with --port or SIGHTLINE_EXPORTER_PORT.`;
    case 'EADDRNOTAVAIL':
      return `This host has no address ${address}; set --address or SIGHTLINE_EXPORTER_ADDRESS to one that it has.`;
    default:
      return `The exporter cannot listen on ${address} port ${port}: ${cause instanceof Error ? cause.message : 'unknown error'}`;
  }
}
