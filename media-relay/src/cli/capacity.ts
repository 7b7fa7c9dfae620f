import { renderText } from '@sightline/exporter';

import { camerasOfConfig } from '../capacity/cameras-of-config.ts';
import { measureDecoding } from '../capacity/decode-cost.ts';
import { hostFor } from '../capacity/host.ts';
import { measure } from '../capacity/measure.ts';
import { capacityResult } from '../capacity/result.ts';
import type { CapacityResult } from '../capacity/result.ts';
import { resultSamples } from '../capacity/result-samples.ts';
import { resultText } from '../capacity/result-text.ts';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { DecodeError } from '../decode/decode-error.ts';
import { findFfmpeg } from '../decode/find-ffmpeg.ts';
import { systemClock } from '../media/clock.ts';
import { StartError } from '../start-error.ts';

export interface CapacityOptions {
  readonly configFile: string | undefined;
  readonly format: 'text' | 'json' | 'metrics';
  readonly isQuick: boolean;
  /** Of the table's cameras, and of those of the configuration, whose bit rate nobody knows. */
  readonly bitrateBps: number;
  readonly hostPricePerYear: number | undefined;
}

/**
 * Measures this host and says what it bears. `tell` gets a line for each step. Rejects with ConfigError or StartError.
 */
export async function capacity(
  options: CapacityOptions,
  environment: Environment,
  tell: (what: string) => void,
): Promise<string> {
  const { isQuick, bitrateBps, hostPricePerYear, configFile } = options;
  const config = await loadConfig(configFile, environment);
  // What was begun is ended when the process exits, which a signal alone does not make it do.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const camera = { bitrateBps, framesPerSecond: 30 };
  const ffmpeg = await findFfmpeg(config.decode.ffmpeg);
  const { host, pool } = hostFor(config, ffmpeg);
  const { costs, clip, arrivedShare } = await measure({ isQuick, onProgress: tell }).catch(
    (error: unknown) => {
      if (error instanceof StartError) throw error;
      const reason = error instanceof Error ? error.message : 'unknown error';
      throw new StartError(`This host cannot be measured: ${reason}.`, { cause: error });
    },
  );
  let decode;
  let withoutDecoding = ffmpeg.isThere ? undefined : ffmpeg.reason;
  if (ffmpeg.isThere) {
    tell('snapshots and moving JPEGs by ffmpeg');
    try {
      decode = await measureDecoding(ffmpeg, pool, clip);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      withoutDecoding = error.message;
    }
  }
  const found = {
    measuredMs: systemClock(),
    isQuick,
    host,
    costs: { ...costs, decode },
    withoutDecoding,
    arrivedShare,
    camera,
    hostPricePerYear,
  };
  // Without a file, the streams are two demo cameras that nobody chose.
  const own = configFile === undefined ? [] : camerasOfConfig(config, camera);
  return render(capacityResult(found, own), options.format);
}

async function render(result: CapacityResult, format: CapacityOptions['format']): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result, undefined, 2)}\n`;
    case 'metrics':
      return renderText(resultSamples(result));
    case 'text':
      return resultText(result);
  }
}
