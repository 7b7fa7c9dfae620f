import type { AnyLabels, MetricSource, Samples } from '@sightline/exporter';
import { pictureCheckFailures } from '@sightline/exporter';

import type { PicturesStatistics } from '../../pictures/pictures.ts';
import type { Row } from './stream-table.ts';
import { rowsByValue } from './stream-table.ts';

type Reader = Row<PicturesStatistics>['read'];

function row(name: Row<PicturesStatistics>['name'], read: Reader, labels: AnyLabels = {}) {
  return { name, labels, read };
}

const ffmpeg = { kind: 'ffmpeg' };

/** Totals live as long as the relay. What is not kept as files has no figures about files. */
const rows: readonly Row<PicturesStatistics>[] = [
  row('sightline_child_processes', ({ pool }) => pool.running, ffmpeg),
  row('sightline_child_process_limit', ({ pool }) => pool.limit, ffmpeg),
  row('sightline_child_process_queue_length', ({ pool }) => pool.queued, ffmpeg),
  row('sightline_child_process_starts_total', ({ pool }) => pool.startedTotal, ffmpeg),
  row('sightline_child_process_rejections_total', ({ pool }) => pool.rejectedTotal, ffmpeg),
  row('sightline_child_process_kills_total', ({ pool }) => pool.killedTotal, ffmpeg),
  row('sightline_child_process_failures_total', ({ pool }) => pool.failedTotal, ffmpeg),
  row('sightline_child_process_run_seconds_total', ({ pool }) => pool.secondsTotal, ffmpeg),
  row('sightline_picture_checks_total', ({ checker }) => checker.checksTotal),
  ...rowsByValue<PicturesStatistics>(
    'sightline_picture_check_failures_total',
    'reason',
    pictureCheckFailures,
    ({ checker }) => checker.failuresTotal,
  ),
  row('sightline_snapshot_cache_bytes', ({ snapshotCacheBytes }) => snapshotCacheBytes),
  row('sightline_snapshot_files_written_total', ({ keeper }) => keeper?.writtenTotal),
  row('sightline_snapshot_files_failed_total', ({ keeper }) => keeper?.failedTotal),
  row('sightline_snapshot_files_removed_total', ({ keeper }) => keeper?.removedTotal),
  row('sightline_mjpeg_viewers', ({ mjpeg }) => mjpeg.viewers),
  row('sightline_mjpeg_streams', ({ mjpeg }) => mjpeg.streams),
  row('sightline_mjpeg_pictures_total', ({ mjpeg }) => mjpeg.sentTotal),
  row('sightline_mjpeg_dropped_pictures_total', ({ mjpeg }) => mjpeg.droppedTotal),
  row('sightline_mjpeg_rejections_total', ({ mjpeg }) => mjpeg.rejectedTotal),
];

/** Decoders, and what is decoded beside WebRTC. What pictures of one stream show is in the table of streams. */
export class PictureMetrics implements MetricSource {
  readonly #read: () => PicturesStatistics;

  constructor(statistics: () => PicturesStatistics) {
    this.#read = statistics;
  }

  collect(out: Samples): void {
    const statistics = this.#read();
    for (const { name, labels, read } of rows) out.put(name, labels, read(statistics));
  }
}
