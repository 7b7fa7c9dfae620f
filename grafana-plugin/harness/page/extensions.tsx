/**
 * Stands in for Grafana's side of plugin extensions: the menu of a panel, components that apps and Grafana expose, and the
 * renderer of panels outside dashboards. The forms of Grafana's that are exposed are in none of its packages; what is here takes their
 * properties and no more.
 */
import type { AppPlugin, EventBus, PanelPlugin, PluginExtensionPanelContext } from '@grafana/data';
import { config, setCurrentUser, setPluginComponentHook } from '@grafana/runtime';
import type { PanelRendererProps } from '@grafana/runtime';
import type { ComponentType } from 'react';
import { harnessSettings } from './boot-data.ts';
import { setPanelRenderer } from './load-plugin.ts';

const PANEL_MENU = 'grafana/dashboard/panel/menu';

export interface Modal {
  readonly title: string;
  readonly body: unknown;
}

export interface Extensions {
  /** Panels that were saved to a dashboard by the exposed form. */
  readonly addedPanels: unknown[];
  readonly modals: Modal[];
  /** Titles in the menu of a panel. */
  panelMenu(context: PluginExtensionPanelContext): string[];
  choose(title: string, context: PluginExtensionPanelContext): void;
  component(id: string): ComponentType<object> | undefined;
}

interface FormProps {
  readonly onClose: () => void;
  readonly buildPanel: () => unknown;
}

export function startExtensions(app: AppPlugin, panel: PanelPlugin, appEvents: EventBus): Extensions {
  const addedPanels: unknown[] = [];
  const modals: Modal[] = [];

  function AddToDashboardForm({ onClose, buildPanel }: FormProps) {
    const add = () => {
      addedPanels.push(buildPanel());
      onClose();
    };
    return (
      <button type="button" onClick={add}>
        Open dashboard
      </button>
    );
  }

  const core: Readonly<Record<string, ComponentType<never>>> = {
    'grafana/add-to-dashboard-form/v1': AddToDashboardForm,
  };

  function component(id: string): ComponentType<object> | undefined {
    if (harnessSettings.lacks.includes(id)) return undefined;
    const exposed = app.exposedComponentConfigs.find((config) => config.id === id)?.component ?? core[id];
    return exposed as ComponentType<object> | undefined;
  }

  setCurrentUser(config.bootData.user);
  setPluginComponentHook((id) => ({ component: component(id), isLoading: false }));
  setPanelRenderer((props: PanelRendererProps) => {
    const Component = panel.panel;
    if (Component === null || props.data === undefined || props.pluginId !== 'sightline-camera-panel')
      return null;
    return (
      <Component
        id={1}
        data={props.data}
        title={props.title}
        timeRange={props.data.timeRange}
        timeZone="utc"
        options={{ ...panel.defaults, ...props.options }}
        transparent={false}
        width={props.width}
        height={props.height}
        fieldConfig={{ defaults: {}, overrides: [] }}
        renderCounter={0}
        eventBus={appEvents}
        replaceVariables={(text) => text}
        onOptionsChange={() => undefined}
        onFieldConfigChange={() => undefined}
        onChangeTimeRange={() => undefined}
      />
    );
  });

  const links = (context: PluginExtensionPanelContext) =>
    app.addedLinkConfigs
      .filter(({ targets }) => [targets].flat().includes(PANEL_MENU))
      .flatMap((link) => {
        const overrides = link.configure === undefined ? {} : link.configure(Object.freeze({ ...context }));
        return overrides === undefined ? [] : { ...link, ...overrides };
      });
  return {
    addedPanels,
    modals,
    component,
    panelMenu: (context) => links(context).map(({ title }) => title),
    choose(title, context) {
      const link = links(context).find((candidate) => candidate.title === title);
      link?.onClick?.(undefined, {
        context,
        extensionPointId: PANEL_MENU,
        openModal: ({ title: modalTitle, body }) =>
          void modals.push({
            title: modalTitle,
            body: typeof body === 'function' ? Reflect.apply(body, null, []) : body,
          }),
        openSidebar: () => undefined,
        closeSidebar: () => undefined,
        toggleSidebar: () => undefined,
      });
    },
  };
}
