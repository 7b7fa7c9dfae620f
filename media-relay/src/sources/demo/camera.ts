/** Scene, rate control and encoder as one: a moment in, an encoded picture out. No clock of its own. */
import type { Canvas } from './canvas.ts';
import { Encoder, type EncodedPicture } from './encoder.ts';
import type { DemoOptions } from './options.ts';
import { RateControl } from './rate.ts';
import { Scene } from './scene.ts';

export class DemoCamera {
  private readonly scene: Scene;
  private readonly encoder: Encoder;
  private readonly rate: RateControl;

  constructor(options: DemoOptions, startMs: number) {
    const { width, height, framesPerSecond } = options;
    const caption = `${width}x${height}  ${framesPerSecond} fps`;
    this.scene = new Scene({ width, height, title: options.title, caption }, startMs);
    this.encoder = new Encoder(options);
    this.rate = new RateControl(options);
  }

  /** As painted, before coding. */
  get canvas(): Canvas {
    return this.scene.canvas;
  }

  /** What every decoder shows. */
  get picture(): Canvas {
    return this.encoder.picture;
  }

  /** The picture of `captureMs` (Unix milliseconds, whole); its bytes are valid until the next call. */
  capture(captureMs: number): EncodedPicture {
    const plan = this.rate.plan();
    this.scene.paint(captureMs);
    this.scene.lamps.advance(plan.rawMacroblocks, captureMs);
    const encoded = this.encoder.encode(this.scene.canvas, plan.isKey, plan.qp);
    this.rate.spent(plan, encoded.data.length * 8);
    return encoded;
  }
}
