/** Grafana's own policy (`content_security_policy_template` of its defaults), which is off unless somebody hardens it. */
export function contentSecurityPolicy(nonce: string, rootPath: string): string {
  return [
    `script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' 'nonce-${nonce}'`,
    `object-src 'none'`,
    `font-src 'self'`,
    `style-src 'self' 'unsafe-inline' blob:`,
    `img-src * data:`,
    `base-uri 'self'`,
    `connect-src 'self' grafana.com ws://${rootPath} wss://${rootPath}`,
    `manifest-src 'self'`,
    `media-src 'none'`,
    `form-action 'self';`,
  ].join(';');
}
