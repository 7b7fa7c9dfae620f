import { AppPlugin } from '@grafana/data';
import { ConfigPage } from './config/config-page.tsx';
import { cameraHealthLink } from './extensions/camera-health-link.ts';
import { CameraTile } from './extensions/camera-tile.tsx';
import type { CameraTileProps } from './extensions/camera-tile.tsx';
import { cameraTile } from './extensions/ids.ts';

export const plugin = new AppPlugin().addConfigPage({
  title: 'Sightline',
  icon: 'camera',
  id: 'overview',
  body: ConfigPage,
});

plugin.addLink(cameraHealthLink);
plugin.exposeComponent<CameraTileProps>({ ...cameraTile, component: CameraTile });
