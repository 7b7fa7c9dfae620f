import type { Logger } from 'pino';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

import { redact } from './redact.ts';

export type { Logger } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'pretty';
  /** Never written, whatever the field; they may change while the relay runs. */
  readonly secrets?: Iterable<string>;
  readonly output?: LogOutput;
  /** Gets each line besides, always as JSON. */
  readonly file?: LogOutput | undefined;
  /** Told the level of each line that is written. */
  readonly count?: (level: LogLevel | 'fatal') => void;
}

export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Lines on standard output, written before the call returns. Children carry `stream` or `session`. Everything is
 * redacted at the last step, on the finished line, so that no way of logging (nested causes, aggregates, objects of
 * others) leads around it.
 */
export function createLog({
  level,
  format,
  secrets = [],
  output = process.stdout,
  file,
  count = () => undefined,
}: LogOptions): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && output.isTTY === true);
  const toText = isPretty ? prettyText(output.isTTY === true) : jsonText;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(parts, method, number) {
          count(pino.levels.labels[number] as LogLevel | 'fatal');
          method.apply(this, parts);
        },
      },
      serializers: { err: pino.stdSerializers.errWithCause, error: pino.stdSerializers.errWithCause },
    },
    {
      write(line: string) {
        const clean = withoutSecrets(line, secrets);
        output.write(toText(clean));
        file?.write(jsonText(clean));
      },
    },
  );
}

function withoutSecrets(line: string, secrets: Iterable<string>): unknown {
  const clean = (text: string): string => redact(text, secrets);
  try {
    return JSON.parse(line, (_, value: unknown) => {
      if (typeof value === 'string') return clean(value);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]: [string, unknown]) => [clean(key), inner]),
      );
    });
  } catch {
    return { level: 'error', msg: 'a log line could not be redacted and was left out' };
  }
}

function jsonText(line: unknown): string {
  return `${JSON.stringify(line)}\n`;
}

function prettyText(colorize: boolean): (line: unknown) => string {
  return prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
  });
}

/** For those who only want to complain. */
export function createSilentLog(): Logger {
  return pino({ level: 'silent' });
}
