/** The loads of the table. */
import type { Camera } from './cameras-of-config.ts';
import {
  mostThatFits,
  predict,
  type ResourceName,
  type Costs,
  type Host,
  type Prediction,
  type StreamLoad,
} from './model.ts';

export const scenarioNames = [
  'one-viewer-per-camera',
  'wall-of-16',
  '100-viewers-of-one',
  'transcoding-all',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export const cameraCounts = [1, 10, 20, 40] as const;
export const wallTiles = 16;
export const crowd = 100;
/** Beyond this nobody reads the answer. */
const mostCameras = 10_000;
const mostViewers = 100_000;

export function loadOf(scenario: ScenarioName, cameras: readonly Camera[]): StreamLoad[] {
  return cameras.map((camera, index) => ({
    ...camera,
    viewers: viewersOf(scenario, index),
    isTranscoded: scenario === 'transcoding-all',
  }));
}

function viewersOf(scenario: ScenarioName, index: number): number {
  switch (scenario) {
    case 'one-viewer-per-camera':
      return 1;
    case 'wall-of-16':
      return index < wallTiles ? 1 : 0;
    case '100-viewers-of-one':
      return index === 0 ? crowd : 0;
    case 'transcoding-all':
      return 0;
  }
}

export interface Row {
  readonly scenario: ScenarioName;
  readonly cameras: number;
  readonly prediction: Prediction;
}

/** All scenarios for this many cameras of the kind. */
export function tableRows(camera: Camera, costs: Costs, host: Host): Row[] {
  return scenarioNames.flatMap((scenario) =>
    cameraCounts.map((count) =>
      rowOf(
        scenario,
        Array.from({ length: count }, () => camera),
        costs,
        host,
      ),
    ),
  );
}

/** All scenarios for these cameras. */
export const ownRows = (cameras: readonly Camera[], costs: Costs, host: Host): Row[] =>
  cameras.length === 0 ? [] : scenarioNames.map((scenario) => rowOf(scenario, cameras, costs, host));

function rowOf(scenario: ScenarioName, cameras: readonly Camera[], costs: Costs, host: Host): Row {
  const prediction = predict(loadOf(scenario, cameras), costs, host);
  return { scenario, cameras: cameras.length, prediction };
}

export interface Most {
  readonly bitrateBps: number;
  /** One viewer each. */
  readonly cameras: number;
  /** Of one camera, and no other camera there. */
  readonly viewersOfOne: number;
  /** As moving JPEGs: the fewer of what the pool and the cores let run. */
  readonly transcoded: number;
  readonly firstLimit: Readonly<Record<'cameras' | 'viewersOfOne', ResourceName>>;
}

/** How much of each kind fits on the host, and what runs out then. */
export function mostOf(camera: Camera, costs: Costs, host: Host): Most {
  const ask = (streams: StreamLoad[]): Prediction => predict(streams, costs, host);
  const many = (count: number, viewers: number, isTranscoded: boolean): StreamLoad[] =>
    Array.from({ length: count }, () => ({ ...camera, viewers, isTranscoded }));
  const cameras = mostThatFits((count) => ask(many(count, 1, false)).share <= 1, mostCameras);
  const viewersOfOne = mostThatFits((count) => ask(many(1, count, false)).share <= 1, mostViewers);
  const transcoded =
    costs.decode === undefined
      ? 0
      : mostThatFits((count) => ask(many(count, 0, true)).share <= 1, mostCameras);
  return {
    bitrateBps: camera.bitrateBps,
    cameras,
    viewersOfOne,
    transcoded,
    firstLimit: {
      cameras: ask(many(cameras + 1, 1, false)).first.name,
      viewersOfOne: ask(many(1, viewersOfOne + 1, false)).first.name,
    },
  };
}
