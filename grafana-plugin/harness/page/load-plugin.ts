/** Loads a built module.js as Grafana does: an AMD module whose dependencies Grafana provides. */
import * as emotionCss from '@emotion/css';
import * as grafanaData from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import type { PanelRendererProps } from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import * as react from 'react';
import type { ComponentType } from 'react';
import * as reactDom from 'react-dom';
import * as jsxRuntime from 'react/jsx-runtime';
import * as rxjs from 'rxjs';

let panelRenderer: ComponentType<PanelRendererProps> = grafanaRuntime.PanelRenderer;

/** The package lets nobody but Grafana itself set it. */
export function setPanelRenderer(renderer: ComponentType<PanelRendererProps>): void {
  panelRenderer = renderer;
}

const runtime: unknown = Object.create(grafanaRuntime, { PanelRenderer: { get: () => panelRenderer } });

const provided: Readonly<Record<string, unknown>> = {
  '@emotion/css': emotionCss,
  '@grafana/data': grafanaData,
  '@grafana/runtime': runtime,
  '@grafana/ui': grafanaUi,
  react,
  'react-dom': reactDom,
  'react/jsx-runtime': jsxRuntime,
  rxjs,
};

type Factory = (...dependencies: unknown[]) => unknown;

let defined: unknown;

function define(dependencies: readonly string[], factory: Factory): void {
  defined = factory(
    ...dependencies.map((name) => {
      const module = provided[name];
      if (module === undefined) throw new Error(`The plugin wants "${name}", which Grafana does not provide`);
      return module;
    }),
  );
}

Object.assign(define, { amd: {} });
Object.assign(window, { define });

export async function loadPlugin<T>(id: string): Promise<T> {
  const script = document.createElement('script');
  script.src = `public/plugins/${id}/module.js`;
  script.async = false;
  await new Promise<void>((resolve, reject) => {
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => reject(new Error(`${script.src} cannot be loaded`)));
    document.head.append(script);
  });
  const module = defined as { readonly plugin?: T } | undefined;
  defined = undefined;
  if (module?.plugin === undefined) throw new Error(`${id} exports no plugin`);
  return module.plugin;
}
