/** One thing that is wrong with the configuration. No part of it ever shows a password or a token. */
export interface ConfigProblem {
  /** The file as the user named it; undefined for a variable of the environment. */
  readonly file: string | undefined;
  /** From 1; undefined where no place can be told. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** `streams.gate.url`, or the name of an environment variable. */
  readonly field: string;
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string | undefined;
}

const maxShown = 20;

/** `relay.yaml:7:5 streams.gate.url: unknown scheme "rtspx"; use rtsp, rtsps or demo`, one line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.slice(0, maxShown).map(formatProblem);
    if (problems.length > maxShown) lines.push(`... and ${problems.length - maxShown} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

export function formatProblem({ file, line, column, field, problem, remedy }: ConfigProblem): string {
  const place =
    file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}:${column ?? 1} `;
  const subject = field === '' ? '' : `${field}: `;
  return `${place}${subject}${problem}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Splits "problem; remedy", as the schema and the sources write them. */
export function splitMessage(message: string): Pick<ConfigProblem, 'problem' | 'remedy'> {
  const at = message.indexOf('; ');
  return at < 0
    ? { problem: message, remedy: undefined }
    : { problem: message.slice(0, at), remedy: message.slice(at + 2) };
}
