/**
 * What the players of one page know together of the media paths to their relays, so that a wall in a network that lets no
 * media through says so after the first vain join, not after one of every tile. Pure: the clock is passed in.
 */

/** A working path stands long before; who failed sooner was failed by something else, such as DTLS. */
const VAIN_JOIN_MS = 2000;
/** Nobody tried for so long: what was known is no longer. A lonely tile tries every 14 s. */
const LAPSE_MS = 30_000;
/** Between two attempts of a page at media addresses that are blocked. */
const TRY_EVERY_MS = 2000;
/** Beside those that sessions stand on, per relay: one per media thread, and what they were before its addresses changed. */
const ADDRESSES_KEPT = 32;
/** The turn of those that were never answered: each has it once, and the way of the last may be open. */
const UNKNOWN = '';
const UNKNOWN_TRY_EVERY_MS = TRY_EVERY_MS / 4;

/** Where a player's media comes from. */
export interface MediaOrigin {
  /** The relay: all WHEP endpoints below it. */
  readonly relay: string;
  /** The candidates of the last answer, one string; undefined before the first. */
  readonly addresses: string | undefined;
}

/** One set of media addresses. */
interface Path {
  /** Sessions through it that stand. */
  open: number;
  /** The last vain join, while none got through since. */
  blocked: { readonly atMs: number; readonly ports: string } | undefined;
  /** Joins that began before say nothing. */
  validFromMs: number;
}

interface Relay {
  readonly paths: Map<string, Path>;
  /** When the next attempt may start, by addresses. */
  readonly nextTryMs: Map<string, number>;
}

export class MediaPaths {
  readonly #relays = new Map<string, Relay>();
  readonly #listeners = new Set<() => void>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Called when addresses become blocked, and when they no longer are; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A join that was answered `joiningMs` ago ends without a media path. `ports`: for people. */
  failed({ relay, addresses }: MediaOrigin, ports: string, joiningMs: number, nowMs: number): void {
    if (addresses === undefined || joiningMs < VAIN_JOIN_MS) return;
    const known = this.#relayOf(relay);
    const path = pathOf(known, addresses);
    // Others get through: it is this session's own trouble.
    if (path.open > 0 || nowMs - joiningMs < path.validFromMs) return;
    const isNew = path.blocked === undefined || nowMs - path.blocked.atMs >= LAPSE_MS;
    path.blocked = { atMs: nowMs, ports };
    if (!isNew) return;
    for (const turn of [addresses, UNKNOWN])
      known.nextTryMs.set(turn, Math.max(known.nextTryMs.get(turn) ?? 0, nowMs + this.#gapMs(turn)));
    this.#tell();
  }

  /** A join got through. Returns what to call, once, when the session ends. */
  opened({ relay, addresses = UNKNOWN }: MediaOrigin): () => void {
    const path = pathOf(this.#relayOf(relay), addresses);
    path.open++;
    path.blocked = undefined;
    if (path.open === 1) this.#tell();
    return () => void path.open--;
  }

  /** The relay names other addresses now (`media.announce` was mended, say): whoever was told of these asks anew. */
  outdated({ relay, addresses = UNKNOWN }: MediaOrigin, nowMs: number): void {
    const path = pathOf(this.#relayOf(relay), addresses);
    path.validFromMs = nowMs;
    if (path.blocked === undefined) return;
    path.blocked = undefined;
    this.#tell();
  }

  /** Which ports cannot be reached; undefined while they may be. Who was never answered hears what others were told, unless somebody gets through. */
  blockedPorts({ relay, addresses }: MediaOrigin, nowMs: number): string | undefined {
    const paths = this.#relays.get(relay)?.paths;
    if (paths === undefined) return undefined;
    if (addresses !== undefined) return portsOf(paths.get(addresses), nowMs);
    const all = [...paths.values()];
    if (all.some(({ open }) => open > 0)) return undefined;
    return all.map((path) => portsOf(path, nowMs)).findLast((ports) => ports !== undefined);
  }

  /** Whether a player whose addresses are blocked may ask again; if so, it has taken the page's turn. */
  mayTry(origin: MediaOrigin, nowMs: number): boolean {
    if (this.blockedPorts(origin, nowMs) === undefined) return true;
    const { nextTryMs } = this.#relayOf(origin.relay);
    const turn = origin.addresses ?? UNKNOWN;
    if (nowMs < (nextTryMs.get(turn) ?? 0)) return false;
    nextTryMs.set(turn, nowMs + this.#gapMs(turn));
    return true;
  }

  /** Another network: what did not get through may do so now. */
  forget(): void {
    for (const { paths, nextTryMs } of this.#relays.values()) {
      nextTryMs.clear();
      for (const path of paths.values()) path.blocked = undefined;
    }
    this.#tell();
  }

  #relayOf(relay: string): Relay {
    const known = this.#relays.get(relay) ?? { paths: new Map(), nextTryMs: new Map() };
    this.#relays.set(relay, known);
    return known;
  }

  #gapMs(turn: string): number {
    return (turn === UNKNOWN ? UNKNOWN_TRY_EVERY_MS : TRY_EVERY_MS) * (0.75 + 0.25 * this.#random());
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function pathOf({ paths, nextTryMs }: Relay, addresses: string): Path {
  const path = paths.get(addresses) ?? { open: 0, blocked: undefined, validFromMs: 0 };
  // The newest last.
  paths.delete(addresses);
  paths.set(addresses, path);
  for (const [key, { open }] of paths) {
    if (paths.size <= ADDRESSES_KEPT) break;
    if (open > 0 || key === addresses) continue;
    paths.delete(key);
    nextTryMs.delete(key);
  }
  return path;
}

function portsOf(path: Path | undefined, nowMs: number): string | undefined {
  const blocked = path?.blocked;
  return blocked !== undefined && nowMs - blocked.atMs < LAPSE_MS ? blocked.ports : undefined;
}
