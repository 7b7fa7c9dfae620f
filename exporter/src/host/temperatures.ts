import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import type { Collector } from '../source.ts';

const maxSensors = 64;

/**
 * /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst) and, where that shows nothing, /sys/class/thermal; millidegrees.
 * Reading may wait for a chip on a slow bus, so it goes through the thread pool.
 */
export function temperaturesCollector(files: HostFiles): Collector {
  return {
    name: 'temperatures',
    async collect(out) {
      const found = [...(await hwmon(files)), ...(await zones(files))];
      const names = new Set<string>();
      for (const { sensor, celsius, criticalCelsius } of found.slice(0, maxSensors)) {
        if (celsius === undefined || names.has(sensor)) continue;
        names.add(sensor);
        out.set('sightline_host_temperature_celsius', celsius, { sensor });
        out.set('sightline_host_temperature_critical_celsius', criticalCelsius, { sensor });
      }
    },
  };
}

interface Reading {
  readonly sensor: string;
  readonly celsius: number | undefined;
  readonly criticalCelsius?: number | undefined;
}

async function hwmon(files: HostFiles): Promise<Reading[]> {
  const readings: Reading[] = [];
  const chips = new Map<string, number>();
  for (const chip of await files.listSlow('sys/class/hwmon')) {
    const directory = `sys/class/hwmon/${chip}`;
    const inputs = (await files.listSlow(directory))
      .filter((file) => /^temp\d+_input$/.test(file))
      .toSorted();
    if (inputs.length === 0) continue;
    const name = (await files.readSlow(`${directory}/name`))?.trim() ?? chip;
    // Two disks are two chips of one name.
    const seen = (chips.get(name) ?? 0) + 1;
    chips.set(name, seen);
    const prefix = seen === 1 ? name : `${name}_${seen}`;
    for (const input of inputs) {
      const base = input.slice(0, -'_input'.length);
      const label = (await files.readSlow(`${directory}/${base}_label`))?.trim() ?? base;
      readings.push({
        sensor: `${prefix} ${label}`,
        celsius: await celsius(files, `${directory}/${input}`),
        criticalCelsius: limit(await celsius(files, `${directory}/${base}_crit`)),
      });
    }
  }
  return readings;
}

/** Chips without one say 0, at which everything would be too hot. */
function limit(celsius: number | undefined): number | undefined {
  return celsius !== undefined && celsius > 0 ? celsius : undefined;
}

async function zones(files: HostFiles): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (const zone of await files.listSlow('sys/class/thermal')) {
    const number = /^thermal_zone(\d+)$/.exec(zone)?.[1];
    if (number === undefined) continue;
    const type = (await files.readSlow(`sys/class/thermal/${zone}/type`))?.trim() ?? 'zone';
    readings.push({
      sensor: `${type} zone${number}`,
      celsius: await celsius(files, `sys/class/thermal/${zone}/temp`),
    });
  }
  return readings;
}

async function celsius(files: HostFiles, path: string): Promise<number | undefined> {
  const milli = toNumber(await files.readSlow(path));
  return milli === undefined ? undefined : milli / 1000;
}
