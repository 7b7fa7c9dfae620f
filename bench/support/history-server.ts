/** The relay's HTTP server with an hour of history of 40 streams, in a thread of its own. Posts its port. */
import { parentPort } from 'node:worker_threads';
import { History, Samples } from '@sightline/exporter';
import { createSilentLog } from '../../media-relay/src/telemetry/log.ts';
import { FakeMetrics, startTestRelay } from '../../media-relay/src/http/testing/test-relay.ts';

const seconds = 3_600;
const streams = 40;

class FilledMetrics extends FakeMetrics {
  override readonly history = new History();
}

const metrics = new FilledMetrics();
const endMs = Date.now();
for (let second = 0; second < seconds; second++) {
  const out = new Samples();
  out.set('sightline_cpu_utilisation_ratio', Math.random());
  for (let index = 0; index < streams; index++) {
    const labels = { stream: `lobby-${index}` };
    out.set('sightline_stream_frames_per_second', 25 + Math.random(), labels);
    out.set('sightline_stream_video_bytes_per_second', 500_000 * Math.random(), labels);
    out.set('sightline_viewers', Math.floor(10 * Math.random()), labels);
  }
  metrics.history.record(out, endMs - (seconds - 1 - second) * 1_000);
}
const relay = await startTestRelay({ deps: { metrics, clock: () => endMs, log: createSilentLog() } });
parentPort?.postMessage(relay.port);
