/** Why the relay cannot start, as a sentence for the person who starts it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export function listenFailure(error: unknown, host: string, port: number): StartError {
  return new StartError(listenSentence(error, host, port), { cause: error });
}

function listenSentence(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return (
        `Port ${port} on ${host} is in use; is another relay running? ` +
        'Stop it, or choose another port with http.port or SIGHTLINE_HTTP_PORT.'
      );
    case 'EACCES':
      return `Port ${port} needs more rights than this user has; choose one above 1023 with http.port or SIGHTLINE_HTTP_PORT.`;
    case 'EADDRNOTAVAIL':
      return `This host has no address ${host}; set http.address or SIGHTLINE_HTTP_ADDRESS to one that it has.`;
    default:
      return `The HTTP server cannot start: ${messageOf(error)}`;
  }
}

/** `media`: the first port of the media threads, and how many there are. */
export function engineFailure(
  error: unknown,
  media: { readonly port: number; readonly threads: number },
): StartError {
  const { port, threads } = media;
  const problem = `The media engine cannot start: ${messageOf(error)}`;
  const each =
    threads > 1 ? `; ${threads} engine.threads take ${port} to ${port + threads - 1}, one each` : '';
  // Of an error that comes from another thread nothing but its sentence is left.
  const remedy = `. Free it, or choose another with media.port or SIGHTLINE_MEDIA_PORT${each}.`;
  const isInUse = problem.endsWith('(address in use)');
  return new StartError(isInUse ? problem + remedy : problem, { cause: error });
}

export function stateDirFailure(error: unknown, stateDir: string): StartError {
  const problem =
    codeOf(error) === undefined
      ? messageOf(error)
      : `Tokens cannot be kept in ${stateDir} (${String(codeOf(error))}); make it writable, or set stateDir or SIGHTLINE_STATE_DIR.`;
  return new StartError(problem, { cause: error });
}

export function logFileFailure(error: unknown, path: string): StartError {
  const code = codeOf(error);
  const reason = typeof code === 'string' ? code : messageOf(error);
  const problem = `The log cannot be written to ${path} (${reason}); make it writable, or set log.file.path to another file.`;
  return new StartError(problem, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
