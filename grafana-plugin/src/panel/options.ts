export const figureNames = ['delay', 'fps', 'bitrate', 'loss', 'freezes', 'size'] as const;
/** What the viewer's own browser measures. */
export type FigureName = (typeof figureNames)[number];

export type Layout = 'auto' | 'columns' | 'spotlight';
export type Fit = 'contain' | 'cover';
export type Border = 'state' | 'alert' | 'field' | 'none';

export interface WallOptions {
  /** Uid of a relay data source; empty: the one of the query. */
  readonly relay: string;
  /** Empty: found by name. */
  readonly streamField: string;
  readonly layout: Layout;
  readonly columns: number;
  /** 0: all. */
  readonly perPage: number;
  /** 0: never. */
  readonly rotateSeconds: number;
  readonly fit: Fit;
  readonly showTitles: boolean;
  /** With variables; empty: the camera's own title. */
  readonly title: string;
  readonly figures: readonly FigureName[];
  /** Names of fields. */
  readonly overlays: readonly string[];
  readonly border: Border;
  readonly borderField: string;
}

export const defaultOptions: WallOptions = {
  relay: '',
  streamField: '',
  layout: 'auto',
  columns: 3,
  perPage: 0,
  rotateSeconds: 0,
  fit: 'contain',
  showTitles: true,
  title: '',
  figures: ['delay', 'fps', 'bitrate'],
  overlays: [],
  border: 'state',
  borderField: '',
};
