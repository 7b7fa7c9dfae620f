/** How requests leave the page: plain fetch on the wall, the data source proxy's client in Grafana. */
export interface SignalRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** The page is going away: the request should outlive it where that is possible. */
  readonly keepalive?: boolean;
}

export interface SignalResponse {
  readonly status: number;
  header(name: string): string | null;
  readonly body: string;
}

/** Resolves with any HTTP answer; rejects only when there is none. */
export type Signalling = (request: SignalRequest) => Promise<SignalResponse>;

export const fetchSignalling: Signalling = async ({ url, ...request }) => {
  const response = await fetch(url, { ...request, cache: 'no-store', credentials: 'same-origin' });
  const body = await response.text();
  return { status: response.status, header: (name) => response.headers.get(name), body };
};
