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
