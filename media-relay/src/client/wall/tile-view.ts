/** One tile: its elements, and the player that fills it. */
import type { TileState } from '../../stream/states.ts';
import type { SessionManager } from '../session-manager.ts';
import type { TileStatistics } from '../statistics.ts';
import type { TileDetail } from '../tile-machine.ts';
import type { WhepPlayer } from '../whep-player.ts';
import { child, shape } from '../page/elements.ts';
import { cameBack, durationText, flagText, present, statisticsLine } from './presentation.ts';
import type { Presentation } from './presentation.ts';
import type { WallStream } from './stream-list.ts';

const STILL_MAX_WIDTH = 1280;

export interface TileViewOptions {
  readonly sessions: SessionManager;
  readonly stream: WallStream;
  readonly relayNowMs: () => number;
  readonly localNowMs: () => number;
  /** The state that people see has changed. */
  readonly onPresented: (tile: TileView, before: Presentation | undefined) => void;
}

export class TileView {
  readonly element = document.createElement('li');
  /** Covers the tile: what is clicked and focused. */
  readonly button = child(this.element, 'button', 'open');
  readonly #options: TileViewOptions;
  readonly #video = child(this.element, 'video', 'video');
  readonly #still = child(this.element, 'canvas', 'still');
  readonly #title: HTMLElement;
  readonly #site: HTMLElement;
  readonly #badge: HTMLElement;
  readonly #troubleShape: HTMLElement;
  readonly #troubleWord: HTMLElement;
  readonly #sentence: HTMLElement;
  readonly #age: HTMLElement;
  readonly #statistics: HTMLElement;
  readonly #warning: HTMLElement;
  readonly #flags: HTMLElement;
  readonly #player: WhepPlayer;
  #stream: WallStream;
  #tile: TileState = 'connecting';
  #detail: TileDetail = { code: undefined, sentence: '' };
  #presented: Presentation | undefined;

  constructor(options: TileViewOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.element.className = 'tile';
    this.button.type = 'button';
    this.button.tabIndex = -1;
    this.#video.tabIndex = -1;
    this.#video.setAttribute('aria-hidden', 'true');

    const trouble = child(this.element, 'div', 'trouble');
    this.#troubleShape = child(trouble, 'span', 'trouble-shape');
    this.#troubleWord = child(trouble, 'strong', 'trouble-word');
    this.#sentence = child(trouble, 'p', 'sentence');
    this.#age = child(trouble, 'p', 'age');

    this.#flags = child(this.element, 'div', 'flags');
    // Below the picture, not on it: cameras write their own time and name into its corners.
    const caption = child(this.element, 'div', 'caption');
    const names = child(caption, 'div', 'names');
    this.#title = child(names, 'span', 'title');
    this.#site = child(names, 'span', 'site');
    this.#statistics = child(caption, 'span', 'statistics');
    this.#warning = child(caption, 'span', 'warning');
    this.#badge = child(caption, 'span', 'badge');

    this.update(options.stream);
    this.#player = options.sessions.play({
      url: `api/v1/whep/${encodeURIComponent(options.stream.name)}`,
      video: this.#video,
      onState: (state, detail) => this.#onState(state, detail),
      onStatistics: (statistics) => this.#onStatistics(statistics),
    });
  }

  get name(): string {
    return this.#stream.name;
  }

  get title(): string {
    return this.#stream.title;
  }

  get presented(): Presentation | undefined {
    return this.#presented;
  }

  update(stream: WallStream): void {
    const before = this.#stream;
    this.#stream = stream;
    this.element.dataset['stream'] = stream.name;
    this.#title.textContent = stream.title;
    this.#site.textContent = stream.site ?? '';
    this.#warning.textContent = stream.warnings.length === 0 ? '' : '!';
    this.#warning.title = stream.warnings.join('\n');
    this.#flags.replaceChildren();
    for (const flag of stream.flags) child(this.#flags, 'span', 'flag').textContent = flagText(flag);
    this.#present();
    if (cameBack(before.state, stream.state)) this.#player.retryNow();
  }

  /** Ages grow while nothing else happens: call once a second. */
  showAge(): void {
    if (this.#presented?.state === 'live') return;
    const { relayNowMs, localNowMs } = this.#options;
    const painted = this.#player.lastFrameMs;
    const received = this.#stream.lastFrameMs;
    if (painted !== undefined) {
      this.#age.textContent = `Last picture ${durationText(localNowMs() - painted)} ago`;
    } else if (received !== undefined) {
      this.#age.textContent = `The relay’s last picture came ${durationText(relayNowMs() - received)} ago`;
    } else {
      this.#age.textContent = '';
    }
  }

  close(): void {
    this.#options.sessions.remove(this.#player);
    this.#video.srcObject = null;
    this.element.remove();
  }

  #onState(state: TileState, detail: TileDetail): void {
    if (this.#tile === 'live' && state !== 'live') this.#keepStill();
    this.#tile = state;
    this.#detail = detail;
    this.#present();
  }

  #onStatistics(statistics: TileStatistics | undefined): void {
    this.#statistics.replaceChildren();
    if (statistics === undefined) return;
    for (const part of statisticsLine(statistics))
      child(this.#statistics, 'span', 'figure').textContent = part;
  }

  #present(): void {
    const before = this.#presented;
    const after = present(this.#tile, this.#detail, this.#stream);
    const { state, word, sentence } = after;
    this.#presented = after;
    this.element.dataset['state'] = state;
    this.#sentence.textContent = sentence;
    if (before?.word !== word || before.state !== state) {
      this.#badge.replaceChildren(shape(after.shape));
      child(this.#badge, 'span', 'word').textContent = word;
      this.#troubleShape.replaceChildren(shape(after.shape));
      this.#troubleWord.textContent = word;
    }
    const where = this.#stream.site === undefined ? '' : `, ${this.#stream.site}`;
    const flags = this.#stream.flags.map(flagText).join(', ');
    const why = state === 'live' ? (flags === '' ? '' : `, ${flags}`) : `: ${sentence}`;
    const label = `${this.#stream.title}${where}, ${word}${why}`;
    if (this.button.ariaLabel !== label) this.button.ariaLabel = label;
    if (before?.word !== word || before.state !== state) this.#options.onPresented(this, before);
  }

  /** The last picture outlives its stream: the video element would go black with the next one. */
  #keepStill(): void {
    const { videoWidth, videoHeight } = this.#video;
    if (videoWidth === 0) return;
    const scale = Math.min(1, STILL_MAX_WIDTH / videoWidth);
    this.#still.width = Math.round(videoWidth * scale);
    this.#still.height = Math.round(videoHeight * scale);
    this.#still.getContext('2d')?.drawImage(this.#video, 0, 0, this.#still.width, this.#still.height);
    this.element.classList.add('has-still');
  }
}
