/** A client that reads multipart/x-mixed-replace as a browser's <img> does. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

import { MpjpegReader } from '../../src/decode/mpjpeg.ts';

export interface MjpegViewer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly pictures: readonly Buffer[];
  /** Resolves with the answer's end, or its breaking off. */
  readonly ended: Promise<void>;
  /** Stops reading: what is sent stays in the buffers of the connection. */
  pause(): void;
  leave(): void;
}

export async function watchMjpeg(url: string): Promise<MjpegViewer> {
  const asking = get(url, { agent: false });
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const pictures: Buffer[] = [];
  const reader = new MpjpegReader((jpeg) => pictures.push(jpeg));
  const ended = new Promise<void>((resolve) => void response.once('close', resolve));
  response.on('error', () => undefined);
  // An error's body is no picture.
  response.on('data', (bytes: Buffer) => response.statusCode === 200 && reader.add(bytes));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    pictures,
    ended,
    pause: () => void response.pause(),
    leave: () => void response.destroy(),
  };
}
