/**
 * The panel that shows the number of each alert. Read from the committed dashboards, and not made anew: whoever writes alerts for a
 * Grafana of theirs needs no SDK.
 */
import { readFileSync } from 'node:fs';

export interface PanelLink {
  readonly dashboardUid: string;
  readonly panelId: number;
}

type Place = readonly [dashboard: 'fleet' | 'camera' | 'host' | 'slo' | 'alerts', panel: string];

const places: Readonly<Record<string, Place>> = {
  SightlineRelayDown: ['host', 'Answers Prometheus'],
  SightlineRelayAbsent: ['alerts', 'Targets that answer'],
  SightlineExporterDown: ['alerts', 'Targets that answer'],
  SightlineExporterAbsent: ['alerts', 'Targets that answer'],
  SightlineRelayRestarting: ['host', 'Runs since'],
  SightlineMediaEngineDown: ['host', 'Media threads away'],
  SightlineMediaEngineRestarting: ['host', 'Restarts of media threads'],
  SightlineMassOutage: ['fleet', 'States'],
  SightlineSiteDown: ['fleet', 'States'],
  SightlineStreamDown: ['camera', 'States'],
  SightlineStreamRefused: ['camera', 'States'],
  SightlineStreamUnauthorized: ['camera', 'Connections that ended'],
  SightlineStreamStalling: ['camera', 'Connections that ended'],
  SightlineStreamFlapping: ['camera', 'Connections that ended'],
  SightlineStreamFrameRateLow: ['camera', 'Frame rate'],
  SightlineStreamPacketLoss: ['camera', 'Packet loss'],
  SightlineStreamPacketLossSevere: ['camera', 'Packet loss'],
  SightlineStreamBitrateCollapsed: ['camera', 'Bitrate'],
  SightlineStreamKeyframeIntervalLong: ['camera', 'Key frames apart'],
  SightlineStreamFrozen: ['camera', 'Picture health'],
  SightlineStreamBlack: ['camera', 'Picture health'],
  SightlineStreamPicturePoor: ['camera', 'Picture health'],
  SightlineStreamErrorBudgetBurnFast: ['slo', 'Burn rate, 1 hour'],
  SightlineStreamErrorBudgetBurnMedium: ['slo', 'Burn rate, 6 hours'],
  SightlineStreamErrorBudgetBurnSlow: ['slo', 'Burn rate, 1 day'],
  SightlineCpuHigh: ['host', 'CPU'],
  SightlineCpuCritical: ['host', 'CPU'],
  SightlineCpuThrottled: ['host', 'Held back by the quota'],
  SightlineMemoryHigh: ['host', 'Memory'],
  SightlineMemoryCritical: ['host', 'Memory'],
  SightlineMemoryPressure: ['host', 'Pressure'],
  SightlineOomKill: ['host', 'Killed for want of memory'],
  SightlineEventLoopBusy: ['host', 'Event loops'],
  SightlineEventLoopSaturated: ['host', 'Event loops'],
  SightlineEventLoopStalls: ['host', 'Event loop delay'],
  SightlineActiveResourcesHigh: ['host', 'Active resources'],
  SightlineActiveResourcesCritical: ['host', 'Active resources'],
  SightlineHeapNearLimit: ['host', 'Heap of its limit'],
  SightlineFileDescriptorsHigh: ['host', 'Open files'],
  SightlineUdpReceiveDrops: ['host', 'UDP datagrams lost'],
  SightlineDecodersBusy: ['host', 'Decoder jobs that came to nothing'],
  SightlineDecodersFailing: ['host', 'Decoder jobs that came to nothing'],
  SightlineTemperatureCritical: ['host', 'Temperature'],
  SightlineDiskUsageHigh: ['host', 'Disk usage'],
  SightlineDiskUsageCritical: ['host', 'Disk usage'],
  SightlineDiskFillsWithin24h: ['host', 'Disk usage'],
  SightlineInodesLow: ['host', 'Files left'],
  SightlineStorageReadOnly: ['host', 'Disk errors'],
  SightlineStorageHangs: ['host', 'Disk errors'],
  SightlineTimeToFirstFrameSlow: ['host', 'Time to the first picture'],
  SightlineViewerFreezes: ['camera', 'Pictures that stood still'],
  SightlineViewerConnectFailures: ['host', 'Joins by outcome'],
  SightlineForwardDelayHigh: ['host', 'Forward delay'],
  SightlineApiErrorRatio: ['host', 'Requests'],
  SightlineApiSlow: ['host', 'Time of requests'],
  SightlineLogErrorRate: ['host', 'Log messages'],
  SightlineConfigReloadFailed: ['host', 'Configuration'],
  SightlineScrapeSlow: ['host', 'Time of a scrape'],
  SightlineHostCollectorFailing: ['host', 'Collectors that fail'],
};

/** Undefined: no panel shows its number. Throws when the panel that should does not exist. */
export function panelOf(alert: string): PanelLink | undefined {
  const place = places[alert];
  if (place === undefined) return undefined;
  const [dashboard, title] = place;
  const dashboardUid = `sightline-${dashboard}`;
  const file = new URL(`../dashboards/${dashboardUid}.json`, import.meta.url);
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: { id: number; type: string; title: string }[];
  };
  const panel = panels.find((candidate) => candidate.type !== 'row' && candidate.title === title);
  if (panel === undefined) throw new Error(`${dashboardUid} has no panel "${title}" for ${alert}`);
  return { dashboardUid, panelId: panel.id };
}

export const alertsWithPanel: readonly string[] = Object.keys(places);
