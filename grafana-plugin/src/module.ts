import { AppPlugin } from '@grafana/data';
import { ConfigPage } from './config/config-page.tsx';

export const plugin = new AppPlugin().addConfigPage({
  title: 'Sightline',
  icon: 'camera',
  id: 'overview',
  body: ConfigPage,
});
