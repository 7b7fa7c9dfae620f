import { metricNames, specOf } from './catalogue.ts';
import type { LabelValues } from './metric.ts';

const head = `# Metrics

Made from \`exporter/src/catalogue.ts\`, the only list of metrics: a test fails until this page matches it, and
\`npm test -- exporter/src/catalogue.test.ts -u\` writes it anew.

The relay answers at \`/metrics\` (a token with the permission \`metrics\`), the exporter alone at port 8642. Units are base units:
seconds, bytes, ratios from 0 to 1. A counter only grows; take its \`rate\`. After a restart it begins at 0 again, which Prometheus
understands. Moments are Unix seconds: \`time() - x\` is the age. A label with fixed values has all of its series from the start. No
viewer, session or address is ever a label. What a system cannot tell has no series.

\`\`\`yaml
scrape_configs:
  - job_name: sightline
    scrape_interval: 1s
    scrape_timeout: 1s
    authorization: { credentials_file: /etc/prometheus/sightline-token } # npm run sightline -- tokens
    static_configs: [{ targets: ['127.0.0.1:8640'] }]
    # or, for a relay that tells its own address, site and labels:
    # http_sd_configs: [{ url: 'http://relay:8640/api/v1/sd/prometheus', authorization: { type: Bearer, credentials_file: ... } }]
\`\`\`

Each collector can be switched off (\`metrics.off\` in the configuration, \`--off\` of the exporter), \`cpu-cores\` on.
\`sightline_host_collector_success\` and \`_duration_seconds\` tell how each does.
`;

/** docs/METRICS.md (Markdown, not yet formatted). */
export function renderMetricsPage(): string {
  const rows = metricNames.map((name) => {
    const { type, unit, help, labels, buckets } = specOf(name);
    const upTo = buckets === undefined ? '' : `; buckets ${buckets.join(', ')}`;
    const cells = [
      `\`${name}\``,
      type,
      unit,
      Object.entries(labels).map(labelCell).join('<br>'),
      help + upTo,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const table = ['| metric | type | unit | labels | what |', '| --- | --- | --- | --- | --- |', ...rows];
  return `${head}\n${table.join('\n')}\n`;
}

function labelCell([label, values]: [string, LabelValues]): string {
  return values === 'open' ? `\`${label}\`` : `\`${label}\`: ${values.join(', ')}`;
}
