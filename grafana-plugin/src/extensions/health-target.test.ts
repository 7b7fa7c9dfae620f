import { dateTime, FieldType, LoadingState } from '@grafana/data';
import type { DataFrame, PanelData, PluginExtensionPanelContext } from '@grafana/data';
import { expect, test } from 'vitest';
import { PANEL_TYPE } from '../relay/relay-source.ts';
import { healthTarget } from './health-target.ts';

const timeRange = { from: 'now-6h', to: 'now' };

function frame(streams: readonly string[]): DataFrame {
  return {
    length: streams.length,
    fields: [{ name: 'stream', type: FieldType.string, config: {}, values: [...streams] }],
    meta: { custom: { sightlineRelay: 'relay-one' } },
  };
}

function context(
  streams: readonly string[],
  more: Partial<PluginExtensionPanelContext> = {},
): PluginExtensionPanelContext {
  return {
    pluginId: PANEL_TYPE,
    id: 1,
    title: 'Wall',
    timeRange,
    timeZone: 'utc',
    dashboard: { uid: 'd', title: 'D', tags: [] },
    targets: [],
    data: { series: [frame(streams)], state: LoadingState.Done } as unknown as PanelData,
    ...more,
  };
}

test('one camera leads to its dashboard, with relay and time', () => {
  expect(healthTarget(context(['gate']))).toEqual({
    uid: 'sightline-camera',
    query: 'var-relay=relay-one&var-stream=gate&from=now-6h&to=now',
  });
});

test('several lead to that of the fleet, each once', () => {
  expect(healthTarget(context(['gate', 'hall', 'gate']))).toEqual({
    uid: 'sightline-fleet',
    query: 'var-relay=relay-one&var-stream=gate&var-stream=hall&from=now-6h&to=now',
  });
});

test('so many that an address cannot name them: all', () => {
  const many = Array.from({ length: 51 }, (_, index) => `cam-${index}`);
  expect(healthTarget(context(many))?.query).toBe('var-relay=relay-one&from=now-6h&to=now');
});

test('before the query has answered, the relay is that of the query, and moments are numbers', () => {
  const target = healthTarget(
    context([], {
      data: undefined,
      targets: [{ refId: 'A', datasource: { type: 'sightline-relay-datasource', uid: 'relay-two' } }],
      timeRange: { from: dateTime(1000), to: dateTime(2000) },
    }),
  );
  expect(target).toEqual({ uid: 'sightline-camera', query: 'var-relay=relay-two&from=1000&to=2000' });
});

test('panels of others, and no panel at all, lead nowhere', () => {
  expect(healthTarget(context(['gate'], { pluginId: 'timeseries' }))).toBeUndefined();
  expect(healthTarget(undefined)).toBeUndefined();
});
