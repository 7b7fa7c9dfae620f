/** What tests read of a dashboard file. */
export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly refresh?: number;
      readonly includeAll?: boolean;
      readonly current?: { readonly value: unknown };
      readonly definition?: string;
    }[];
  };
  readonly annotations?: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
  readonly panels: readonly PanelJson[];
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr?: string;
    readonly instant?: boolean;
  }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null }[] };
    };
  };
}

export interface PromqlOfPanel {
  /** `Title A`, or the name of an annotation. */
  readonly place: string;
  readonly expr: string;
  /** A value per series instead of a line. */
  readonly isInstant: boolean;
}

/** Every PromQL query of panels and annotations. */
export function promqlOf({ panels, annotations }: DashboardJson): readonly PromqlOfPanel[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ refId, expr, instant = false }) =>
      expr === undefined ? [] : [{ place: `${title} ${refId}`, expr, isInstant: instant }],
    ),
  );
  const ofAnnotations = (annotations?.list ?? []).flatMap(({ name, expr }) =>
    expr === undefined ? [] : [{ place: name, expr, isInstant: false }],
  );
  return [...ofPanels, ...ofAnnotations];
}
