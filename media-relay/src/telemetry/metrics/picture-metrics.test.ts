import { pictureCheckFailures, Samples } from '@sightline/exporter';
import { expect, test } from 'vitest';

import { mislabelled } from '../../../../exporter/src/testing/mislabelled.ts';
import type { PicturesStatistics } from '../../pictures/pictures.ts';
import { PictureMetrics } from './picture-metrics.ts';

const statistics: PicturesStatistics = {
  pool: {
    limit: 4,
    running: 2,
    queued: 3,
    startedTotal: 10,
    rejectedTotal: 5,
    killedTotal: 1,
    failedTotal: 6,
    secondsTotal: 7.5,
  },
  snapshotCacheBytes: 1000,
  mjpeg: { viewers: 2, streams: 1, sentTotal: 50, droppedTotal: 8, rejectedTotal: 9 },
  checker: { checksTotal: 11, failuresTotal: { busy: 12, unreadable: 13 } },
  keeper: undefined,
};

function collect(from: PicturesStatistics): Samples {
  const out = new Samples();
  new PictureMetrics(() => from).collect(out);
  return out;
}

test('the decoders and what they decode', () => {
  const out = collect(statistics);
  const values = [...out.values].flatMap(([name, samples]) =>
    samples.map(({ labels, value }) => [name, ...Object.values(labels), value].join(' ')),
  );
  expect(values).toEqual([
    'sightline_child_processes ffmpeg 2',
    'sightline_child_process_limit ffmpeg 4',
    'sightline_child_process_queue_length ffmpeg 3',
    'sightline_child_process_starts_total ffmpeg 10',
    'sightline_child_process_rejections_total ffmpeg 5',
    'sightline_child_process_kills_total ffmpeg 1',
    'sightline_child_process_failures_total ffmpeg 6',
    'sightline_child_process_run_seconds_total ffmpeg 7.5',
    'sightline_picture_checks_total 11',
    'sightline_picture_check_failures_total busy 12',
    'sightline_picture_check_failures_total unreadable 13',
    'sightline_snapshot_cache_bytes 1000',
    'sightline_mjpeg_viewers 2',
    'sightline_mjpeg_streams 1',
    'sightline_mjpeg_pictures_total 50',
    'sightline_mjpeg_dropped_pictures_total 8',
    'sightline_mjpeg_rejections_total 9',
  ]);
  expect(mislabelled(out)).toEqual([]);
  expect(pictureCheckFailures).toEqual(Object.keys(statistics.checker.failuresTotal));
});

test('files, where snapshots are kept', () => {
  const out = collect({ ...statistics, keeper: { writtenTotal: 1, failedTotal: 2, removedTotal: 3 } });
  expect(out.find('sightline_snapshot_files_written_total')).toBe(1);
  expect(out.find('sightline_snapshot_files_failed_total')).toBe(2);
  expect(out.find('sightline_snapshot_files_removed_total')).toBe(3);
  expect(mislabelled(out)).toEqual([]);
});
