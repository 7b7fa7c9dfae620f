/**
 * The pictures and the sound of one rendition: what its source delivers, on timelines that go on over reconnects, in the
 * stores that viewers are sent from.
 */
import type { AccessUnit } from '../media/access-unit.ts';
import type { AudioTrack, H264Facts, Track, VideoTrack } from '../media/track.ts';
import type { Arena } from '../native/arena.ts';
import { PacketStore, type StoredFrame } from './packet-store.ts';
import { audioPacketiser, h264Packetiser } from './packetisers.ts';
import { Timeline } from './timeline.ts';

export class TrackStores {
  readonly #arena: Arena;
  readonly #keepsAudio: boolean;
  readonly #videoTimeline = new Timeline(90_000);
  #audioTimeline = new Timeline(8000);
  #video: { track: VideoTrack; store: PacketStore } | undefined;
  #audio: { track: AudioTrack; store: PacketStore } | undefined;
  #facts: H264Facts | undefined;
  /** Since the source was interrupted: where it goes on, it may be in the middle of a group of pictures. */
  #waitsForKey = true;

  /** Without `keepsAudio` the audio track is ignored. */
  constructor(arena: Arena, keepsAudio: boolean) {
    this.#arena = arena;
    this.#keepsAudio = keepsAudio;
  }

  get video(): PacketStore | undefined {
    return this.#video?.store;
  }

  get audio(): PacketStore | undefined {
    return this.#audio?.store;
  }

  get videoTrack(): VideoTrack | undefined {
    return this.#video?.track;
  }

  get audioTrack(): AudioTrack | undefined {
    return this.#audio?.track;
  }

  /** Undefined until the camera's codec is known, and kept from then on. */
  get facts(): H264Facts | undefined {
    return this.#facts;
  }

  /** No whole key frame has come since the source was interrupted. */
  get waitsForKey(): boolean {
    return this.#waitsForKey;
  }

  setTracks(tracks: readonly Track[]): void {
    const video = tracks.find((track) => track.kind === 'video');
    const audio = tracks.find((track) => track.kind === 'audio' && track.codec !== 'unsupported');
    if (video !== undefined) this.#setVideo(video);
    if (audio?.kind === 'audio' && this.#keepsAudio) {
      this.#setAudio(audio);
    } else {
      // A camera whose sound was turned off: who comes now must not be promised any.
      this.#audio?.store.close();
      this.#audio = undefined;
    }
  }

  /** Undefined when it is not kept: without a track, before the first key frame, or when it does not fit (`PacketStore`). */
  appendVideo(unit: AccessUnit): StoredFrame | undefined {
    if (unit.isKey && !unit.isBroken) this.#waitsForKey = false;
    if (this.#waitsForKey) return undefined;
    return this.#video?.store.append(unit, this.#videoTimeline.map(unit.ticks, unit.arrivalMs));
  }

  appendAudio(unit: AccessUnit): StoredFrame | undefined {
    return this.#audio?.store.append(unit, this.#audioTimeline.map(unit.ticks, unit.arrivalMs));
  }

  /** What comes next refers to nothing that was before. */
  interrupt(): void {
    this.#videoTimeline.restart();
    this.#audioTimeline.restart();
    this.#video?.store.breakGop();
    this.#waitsForKey = true;
  }

  close(): void {
    this.#video?.store.close();
    this.#audio?.store.close();
    this.#video = undefined;
    this.#audio = undefined;
  }

  #setVideo(track: VideoTrack): void {
    if (this.#video === undefined)
      this.#video = { track, store: new PacketStore(this.#arena, h264Packetiser) };
    else this.#video.track = track;
    if (track.h264 !== undefined) this.#facts = track.h264;
  }

  #setAudio(track: AudioTrack): void {
    if (this.#audio?.track.codec === track.codec) {
      this.#audio.track = track;
      return;
    }
    this.#audio?.store.close();
    this.#audio = { track, store: new PacketStore(this.#arena, audioPacketiser) };
    // Viewers who had that sound before get it again, on the same clock.
    if (this.#audioTimeline.clockRate !== track.clockRate)
      this.#audioTimeline = new Timeline(track.clockRate);
  }
}
