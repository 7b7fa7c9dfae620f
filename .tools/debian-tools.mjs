// The programs beyond Node that the tests drive: cameras, browsers, other people's implementations.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { fail } from './install.mjs';

/** Debian's python3, where its gi bindings live, and not one of a version manager. */
const python = '/usr/bin/python3';
const gstRtspServer =
  'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer';

const tools = [
  { name: 'ffmpeg', packages: ['ffmpeg'], isThere: () => runs('ffmpeg', ['-version']) },
  { name: 'chromium', packages: ['chromium'], isThere: () => runs('chromium', ['--version']) },
  {
    name: 'GStreamer with x264',
    packages: [
      'gstreamer1.0-tools',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-plugins-ugly',
    ],
    isThere: () =>
      ['videotestsrc', 'rtph264pay', 'h264parse', 'x264enc'].every((element) =>
        runs('gst-inspect-1.0', ['--exists', element]),
      ),
  },
  {
    name: 'gst-rtsp-server for Python',
    packages: ['python3-gi', 'gir1.2-gst-rtsp-server-1.0'],
    isThere: () => runs(python, ['-c', gstRtspServer]),
  },
  { name: 'openssl', packages: ['openssl'], isThere: () => runs('openssl', ['version']) },
  // Not started here: VLC refuses to run as root.
  { name: 'cvlc', packages: ['vlc-bin', 'vlc-plugin-base'], isThere: () => existsSync('/usr/bin/cvlc') },
  {
    name: 'Prometheus',
    packages: ['prometheus'],
    services: ['prometheus'],
    isThere: () => runs('promtool', ['--version']),
  },
  {
    name: 'Alertmanager',
    packages: ['prometheus-alertmanager'],
    services: ['prometheus-alertmanager'],
    isThere: () => runs('prometheus-alertmanager', ['--version']),
  },
  {
    name: 'VictoriaMetrics',
    packages: ['victoria-metrics'],
    services: ['victoria-metrics'],
    isThere: () => runs('victoria-metrics', ['--version']),
  },
  { name: 'gcc', packages: ['gcc', 'libc6-dev'], isThere: () => runs('gcc', ['--version']) },
  {
    name: 'OpenSSL headers',
    packages: ['libssl-dev'],
    isThere: () => existsSync('/usr/include/openssl/ssl.h'),
  },
];

/** Installs what is missing on Debian as root; elsewhere prints the command to run and ends. */
export function ensureDebianTools() {
  const missing = tools.filter((tool) => !tool.isThere());
  if (missing.length === 0) return;
  const names = missing.map((tool) => tool.name).join(', ');
  const packages = missing.flatMap((tool) => tool.packages);
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;

  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    fail(`The tests need ${names}. On Debian, run this once and try again:\n  sudo sh -c '${command}'`);

  console.log(`Installing ${names} ...`);
  const { status } = spawnSync('sh', ['-c', command], {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) fail(`"${command}" failed (exit status ${status}); its messages are above.`);

  stopServices(missing.flatMap(({ services = [] }) => services));

  const stillMissing = tools.filter((tool) => !tool.isThere()).map((tool) => tool.name);
  if (stillMissing.length > 0) fail(`Installed, but still not usable: ${stillMissing.join(', ')}.`);
}

/** Debian starts what it installs, now and at every boot; the tests start their own. Those that were there before are left alone. */
function stopServices(services) {
  const hasSystemd = existsSync('/run/systemd/system');
  for (const service of services) {
    if (hasSystemd) spawnSync('systemctl', ['disable', '--now', service], { stdio: 'ignore' });
    else spawnSync('service', [service, 'stop'], { stdio: 'ignore' });
  }
}

function runs(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}
