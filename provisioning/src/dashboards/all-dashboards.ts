import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { alerts } from './alerts.ts';
import { camera } from './camera.ts';
import { fleet } from './fleet.ts';
import { host } from './host.ts';
import { slo } from './slo.ts';
import { wall } from './wall.ts';

/** By the name of their file, in the order in which a playlist shows them. */
export function allDashboards(): Readonly<Record<string, Dashboard>> {
  return {
    'sightline-wall': wall(),
    'sightline-fleet': fleet(),
    'sightline-camera': camera(),
    'sightline-host': host(),
    'sightline-slo': slo(),
    'sightline-alerts': alerts(),
  };
}
