import { AppPlugin } from '@grafana/data';
import { ConfigPage } from './config/config-page.tsx';
import { cameraHealthLink } from './extensions/camera-health-link.ts';
import { CameraTile } from './extensions/camera-tile.tsx';
import type { CameraTileProps } from './extensions/camera-tile.tsx';
import { cameraTile } from './extensions/ids.ts';

export const plugin = new AppPlugin().addConfigPage({
  title: 'Sightline',
  icon: 'camera',
  // Grafana shows what it has itself for ids such as 'overview' or 'config', and never the app's page.
  id: 'relays',
  body: ConfigPage,
});

plugin.addLink(cameraHealthLink);
plugin.exposeComponent<CameraTileProps>({ ...cameraTile, component: CameraTile });
