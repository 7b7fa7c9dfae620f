import { AppPlugin } from '@grafana/data';
import { ConfigPage } from './config/config-page.tsx';

export const plugin = new AppPlugin().addConfigPage({
  title: 'Sightline',
  icon: 'camera',
  // Grafana shows what it has itself for ids such as 'overview' or 'config', and never the app's page.
  id: 'relays',
  body: ConfigPage,
});
