/** A moment of a stream as an annotation of Grafana's. Pure. */
import type { AnnotationEventUIModel } from '@grafana/data';

export interface Moment {
  readonly stream: string;
  readonly title: string;
  readonly site: string | undefined;
  /** Unix ms. */
  readonly atMs: number;
  /** The relay's newest kept picture, if it keeps any. */
  readonly still: MomentStill | undefined;
}

export interface MomentStill {
  readonly href: string;
  /** What to call it, with its own time. */
  readonly text: string;
}

/** Wide enough to be recognised in a tooltip. */
const THUMBNAIL_WIDTH_PIXELS = 240;

/** The text is HTML, as Grafana shows it; what comes from outside is escaped. */
export function annotationOf({ stream, title, site, atMs, still }: Moment): AnnotationEventUIModel {
  const name = escaped(site === undefined ? title : `${title}, ${site}`);
  return {
    from: atMs,
    to: atMs,
    tags: ['sightline', stream],
    description: still === undefined ? name : `${name}<br>${linkTo(still)}`,
  };
}

function linkTo({ href, text }: MomentStill): string {
  const [address, words] = [escaped(href), escaped(text)];
  const picture = `<img src="${address}" alt="" width="${THUMBNAIL_WIDTH_PIXELS}">`;
  return `<a href="${address}" target="_blank">${picture}<br>${words}</a>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
