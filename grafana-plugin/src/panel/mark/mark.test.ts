import { expect, test } from 'vitest';
import { annotationOf } from './mark.ts';

const moment = { stream: 'gate', title: 'Front gate', site: 'North', atMs: 5000, still: undefined };

test('says whose moment it was, with tags to find it by', () => {
  expect(annotationOf(moment)).toEqual({
    from: 5000,
    to: 5000,
    tags: ['sightline', 'gate'],
    description: 'Front gate, North',
  });
});

test('shows the kept picture and leads to it', () => {
  const still = { href: '/grafana/api/still/4000.jpg', text: 'Picture of 03:04:05' };
  expect(annotationOf({ ...moment, site: undefined, still }).description).toBe(
    'Front gate<br><a href="/grafana/api/still/4000.jpg" target="_blank">' +
      '<img src="/grafana/api/still/4000.jpg" alt="" width="240"><br>Picture of 03:04:05</a>',
  );
});

test('a title is text, whatever it holds', () => {
  const { description } = annotationOf({ ...moment, title: `<img src="x" onerror='a&b'>`, site: undefined });
  expect(description).toBe('&lt;img src=&quot;x&quot; onerror=&#39;a&amp;b&#39;&gt;');
});
