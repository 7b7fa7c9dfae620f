/** Serves the harness page, the built plugins and the data source proxy, below a path of its own if wanted, as Grafana does. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { plugins } from '../build/build.ts';
import { Annotations } from './annotations.ts';
import { contentSecurityPolicy } from './csp.ts';
import { dataSourceProxy } from './data-source-proxy.ts';
import type { ProxyRoute, Role } from './data-source-proxy.ts';

export interface HarnessOptions {
  readonly dist: string;
  readonly pageBundle: Buffer;
  /** What the data source is configured with; read for each request. */
  relay: { url: string; token: string };
  /** Of whoever opens the page. */
  role?: Role;
  /** Data sources that Grafana has and whoever opens the page may not query, by uid. */
  denied?: readonly string[];
  /** As `serve_from_sub_path`: '/grafana'. */
  readonly subPath?: string;
  /** 0: a free one. */
  readonly port?: number;
}

export interface Harness extends AsyncDisposable {
  readonly url: string;
  /** What went through the proxy: method, path and when. */
  readonly proxied: { readonly method: string; readonly path: string }[];
  /** What Grafana's annotations API took. */
  readonly annotations: readonly unknown[];
  /** May be changed while the page is open. */
  readonly options: HarnessOptions;
}

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  map: 'application/json',
};
const proxyPath = /^\/api\/datasources\/proxy\/uid\/([\w-]+)(\/.*)$/;
const blankIcon = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>');
const RELAY_UID = 'relay-one';

export async function startHarness(options: HarnessOptions): Promise<Harness> {
  const subPath = options.subPath ?? '';
  const proxied: { method: string; path: string }[] = [];
  const annotations = new Annotations(() => options.role ?? 'Viewer');
  const { routes } = JSON.parse(readFileSync(join(options.dist, 'datasource/plugin.json'), 'utf8')) as {
    routes: ProxyRoute[];
  };
  const nonce = randomBytes(12).toString('base64');
  const policy = contentSecurityPolicy(nonce, 'localhost:3000/');
  const proxy = dataSourceProxy({
    upstream: () => options.relay.url,
    secrets: () => ({ token: options.relay.token }),
    routes,
    role: () => options.role ?? 'Viewer',
    identity: () => 'identity-of-the-harness',
    policy,
  });

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '/';
    if (!url.startsWith(`${subPath}/`)) return notFound(response);
    const path = url.slice(subPath.length);
    const data = proxyPath.exec(path);
    if (data?.[2] !== undefined) {
      if (options.denied?.includes(data[1] ?? '') === true)
        return refuse(response, 403, 'Access denied to datasource');
      if (data[1] !== RELAY_UID) return refuse(response, 404, 'Unable to find datasource');
      proxied.push({ method: request.method ?? '', path: data[2] });
      if (proxied.length > 10_000) proxied.shift();
      return proxy(request, response, data[2]);
    }
    if (path === '/api/annotations') return annotations.handle(request, response);
    serve(new URL(path, 'http://harness'), response);
  }

  const dashboards = [
    { uid: 'somebody-elses', title: 'Sales', url: `${subPath}/d/somebody-elses/sales` },
    { uid: 'sightline-wall', title: 'Camera wall', url: `${subPath}/d/sightline-wall/wall` },
    { uid: 'sightline-camera', title: 'Camera', url: `${subPath}/d/sightline-camera/camera` },
  ];

  function serve({ pathname, searchParams }: URL, response: ServerResponse): void {
    response.setHeader('Content-Security-Policy', policy);
    if (pathname === '/public/harness.js') return send(response, options.pageBundle, 'js');
    if (pathname.startsWith('/public/plugins/'))
      return pluginFile(pathname.slice('/public/plugins/'.length), response);
    // Grafana's fonts and icons are not in its packages: the system's font does, and a blank.
    if (pathname.startsWith('/public/fonts/')) return send(response, Buffer.alloc(0), 'woff2');
    if (pathname.startsWith('/public/build/img/')) return send(response, blankIcon, 'svg');
    if (pathname === '/api/search') return send(response, Buffer.from(JSON.stringify(dashboards)), 'json');
    if (pathname !== '/') return notFound(response);
    const settings = {
      appSubUrl: subPath,
      language: searchParams.get('lang') ?? 'en-US',
      theme: searchParams.get('theme') ?? 'dark',
      relayName: 'Sightline relay',
      relayUid: RELAY_UID,
      role: options.role ?? 'Viewer',
      lacks: searchParams.getAll('lacks'),
      publicDashboard: searchParams.get('public') === '1',
      version: searchParams.get('version') ?? '13.2.2',
    };
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(page(nonce, subPath, settings));
  }

  function pluginFile(path: string, response: ServerResponse): void {
    const [id = '', ...rest] = normalize(path).split('/');
    const plugin = plugins.find((candidate) => candidate.id === id);
    if (plugin === undefined || rest.includes('..')) return notFound(response);
    try {
      const file = rest.join('/');
      send(response, readFileSync(join(options.dist, plugin.folder, file)), file.split('.').at(-1) ?? '');
    } catch {
      notFound(response);
    }
  }

  const server = createServer(handle).listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${subPath}/`,
    proxied,
    annotations: annotations.taken,
    options,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, body: Buffer, extension: string): void {
  response.setHeader('Content-Type', types[extension] ?? 'application/octet-stream');
  response.end(body);
}

function notFound(response: ServerResponse): void {
  refuse(response, 404, 'Not found');
}

/** As Grafana does by itself, before anything reaches a data source. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ message }));
}

function page(nonce: string, subPath: string, settings: unknown): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Camera wall</title>
    <base href="${subPath}/" />
    <link rel="icon" href="public/plugins/sightline-app/img/logo.svg" />
    <style>html, body { margin: 0; min-height: 100%; }</style>
    <script nonce="${nonce}" id="settings" type="application/json">${JSON.stringify(settings)}</script>
    <script nonce="${nonce}" type="module" src="public/harness.js"></script>
  </head>
  <body><div id="root"></div></body>
</html>`;
}
