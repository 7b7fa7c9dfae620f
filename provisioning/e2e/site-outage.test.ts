/** The centre is away for a while, and nothing is lost. By hand with the five minutes of docs/RETENTION.md: `OUTAGE_SECONDS=300`. */
import { expect, test } from 'vitest';

import { siteOutage } from './support/site-outage.ts';

const outageSeconds = Number(process.env['OUTAGE_SECONDS'] ?? 10);

test(
  'a site keeps every sample while VictoriaMetrics is away, and hands it over when it returns',
  { timeout: (outageSeconds + 120) * 1_000 },
  async () => {
    const outage = await siteOutage(outageSeconds);
    process.stdout.write(`${JSON.stringify(outage)}\n`);
    expect(outage).toMatchObject({ samplesFailed: 0, samplesDropped: 0, scrapesIncomplete: 0 });
    expect(outage.scrapesStored).toBeGreaterThanOrEqual(outage.scrapes);
    // Scrapes of the time in between are there: a scrape that was late is one thing, an outage another.
    expect(outage.scrapesStored).toBeGreaterThan(outageSeconds / 2);
    expect(outage.longestGapSeconds).toBeLessThan(outageSeconds / 2);
    expect(outage.labels).toMatchObject({ job: 'sightline', site: 'berlin' });
    expect(outage.labels['instance']).toMatch(/^berlin\/127\.0\.0\.1:\d+$/);
  },
);
