import { Samples } from '@sightline/exporter';
import { shareOf } from './model.ts';
import type { CapacityResult } from './result.ts';

/** The same as metrics, for the textfile collector of a node exporter: the relay itself does not export them. */
export function resultSamples({ measuredMs, host, costs, rows, own, most }: CapacityResult): Samples {
  const out = new Samples();
  const { receive, send, join, memory, decode } = costs;
  out.set('sightline_capacity_measured_timestamp_seconds', measuredMs / 1000);
  for (const [direction, cost] of [
    ['receive', receive],
    ['send', send],
  ] as const) {
    out.set('sightline_capacity_frame_cpu_seconds', cost.usPerFrame / 1e6, { direction });
    out.set('sightline_capacity_packet_cpu_seconds', cost.usPerPacket / 1e6, { direction });
  }
  out.set('sightline_capacity_join_cpu_seconds', (join.mediaMs + join.mainMs) / 1000);
  if (decode !== undefined) {
    out.set('sightline_capacity_snapshot_cpu_seconds', decode.snapshotMs / 1000);
    out.set('sightline_capacity_mjpeg_stream_cores', decode.mjpegCores);
  }
  out.set('sightline_capacity_idle_memory_bytes', memory.idleBytes);
  out.set('sightline_capacity_viewer_memory_bytes', memory.bytesPerViewer);
  out.set('sightline_capacity_media_threads', host.mediaThreads);
  for (const [group, lines] of [
    ['table', rows],
    ['configuration', own],
  ] as const)
    for (const { scenario, cameras, prediction } of lines)
      for (const use of prediction.uses) {
        const share = shareOf(use);
        if (!Number.isFinite(share)) continue;
        const labels = { of: group, scenario, cameras: String(cameras), resource: use.name };
        out.set('sightline_capacity_use_ratio', share, labels);
      }
  for (const { bitrateBps, cameras, viewersOfOne } of most) {
    const labels = { bitrate: String(bitrateBps) };
    out.set('sightline_capacity_cameras_max', cameras, labels);
    out.set('sightline_capacity_crowd_max', viewersOfOne, labels);
  }
  return out;
}
