import { PluginExtensionPoints } from '@grafana/data';
import type {
  PluginExtensionAddedLinkConfig,
  PluginExtensionEventHelpers,
  PluginExtensionPanelContext,
} from '@grafana/data';
import { config, locationService } from '@grafana/runtime';
import { findDashboards } from '../config/find-dashboards.ts';
import { userLanguage } from '../i18n/language.ts';
import { healthTarget } from './health-target.ts';
import { cameraHealth } from './ids.ts';
import { extensionSentencesIn } from './sentences.ts';

const LOOK_UP_TIMEOUT_MS = 10_000;

type Helpers = Pick<PluginExtensionEventHelpers<PluginExtensionPanelContext>, 'context' | 'openModal'>;

/** In the menu of every camera wall. A path would have to be one of the app's own pages, so it is a click. */
export const cameraHealthLink: PluginExtensionAddedLinkConfig<PluginExtensionPanelContext> = {
  ...cameraHealth,
  targets: [PluginExtensionPoints.DashboardPanelMenu],
  icon: 'heart-rate',
  configure: (context) => {
    if (healthTarget(context) === undefined) return undefined;
    const t = extensionSentencesIn(userLanguage());
    return { title: t('health.title'), description: t('health.description') };
  },
  onClick: (event, helpers) => void follow(event, helpers),
};

async function follow(
  event: { readonly metaKey: boolean; readonly ctrlKey: boolean } | undefined,
  { context, openModal }: Helpers,
): Promise<void> {
  const target = healthTarget(context);
  if (target === undefined) return;
  const inNewTab = event !== undefined && (event.metaKey || event.ctrlKey);
  const found = await findDashboards(AbortSignal.timeout(LOOK_UP_TIMEOUT_MS));
  if (!found.some(({ uid }) => uid === target.uid)) {
    const t = extensionSentencesIn(userLanguage());
    openModal({ title: t('health.missing'), body: () => t('health.missing-why') });
    return;
  }
  const path = `/d/${target.uid}?${target.query}`;
  if (inNewTab) window.open(`${config.appSubUrl ?? ''}${path}`, '_blank', 'noopener');
  else locationService.push(path);
}
