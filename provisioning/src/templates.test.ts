/** Grafana's messages, rendered by Alertmanager's own tool: the same template language, but for what Grafana adds to an alert. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

const { templates } = parse(
  readFileSync(new URL('../alerting/sightline-templates.yaml', import.meta.url), 'utf8'),
) as { templates: { template: string }[] };

function render(labels: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-templates-'));
  try {
    const file = join(folder, 'sightline.tmpl');
    // Alertmanager's alerts have one link, Grafana's have several.
    writeFileSync(
      file,
      templates
        .map(({ template }) => template)
        .join('\n')
        .replaceAll('.PanelURL', '.GeneratorURL'),
    );
    const data = join(folder, 'data.json');
    const alert = {
      status: 'firing',
      labels,
      annotations: { summary: 'Gate is down', description: 'No picture.', runbook_url: 'docs/RUNBOOK.md#x' },
      startsAt: '2026-01-02T03:04:05Z',
      generatorURL: 'http://grafana/d/sightline-camera?viewPanel=9',
    };
    writeFileSync(
      data,
      JSON.stringify({ status: 'firing', alerts: [alert], externalURL: 'http://grafana/' }),
    );
    const { stdout, stderr, status } = spawnSync(
      'amtool',
      [
        'template',
        'render',
        `--template.glob=${file}`,
        '--template.text={{ template "sightline.message" . }}',
        `--template.data=${data}`,
      ],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a message about a camera leads to its number, its live picture and a still', () => {
  const text = render({ stream: 'gate', severity: 'critical' });
  expect(text.trim().split('\n')).toEqual([
    'firing: Gate is down',
    'No picture.',
    expect.stringMatching(/^Since 2026-01-02 03:04:05 .*, stream gate, severity critical$/),
    'What to do: docs/RUNBOOK.md#x',
    'Its number: http://grafana/d/sightline-camera?viewPanel=9',
    'Live: http://grafana/d/sightline-camera?var-stream=gate',
    'Still: http://grafana/api/datasources/proxy/uid/sightline-relay/api/v1/streams/gate/snapshot.jpg?width=640',
  ]);
});

test('one about a relay has no picture', () => {
  expect(render({ severity: 'critical' })).not.toMatch(/Live|Still|stream/);
});
