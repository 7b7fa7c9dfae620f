/** The command lines of the pool: constants and checked numbers, nothing that came from outside. */
import { passthroughOption } from './find-ffmpeg.ts';

/** 8K, with a little to spare: a parameter set may claim any size. */
const maxPixels = 40_000_000;

/** H.264 in FLV on standard input. `low_delay`: a picture comes out as soon as it is in, whatever the stream says of its order. */
const input =
  '-hide_banner -nostdin -loglevel error -protocol_whitelist pipe -probesize 32768 -analyzeduration 0 ' +
  `-max_pixels ${maxPixels} -threads 1 -flags low_delay -f flv -i pipe:0 -an -sn -dn -filter_threads 1`;

/** Never larger than the camera's own; even, because chroma is halved. */
function jpegFilter(width: number | undefined): string {
  const scale = width === undefined ? 'trunc(iw/2)*2' : `trunc(min(${width}\\,iw)/2)*2`;
  return `scale=${scale}:-2:out_range=full,format=yuvj420p`;
}

const jpegCodec = '-c:v mjpeg -threads 1';

/** One picture in, one JPEG out. */
export function jpegArguments(width: number | undefined): readonly string[] {
  return words(`${input} -frames:v 1 -vf ${jpegFilter(width)} ${jpegCodec} -q:v 4 -f image2pipe pipe:1`);
}

/** Pictures in as they come, JPEGs out as parts of a multipart body (mpjpeg), at most so many a second. */
export function mjpegArguments(
  version: string,
  width: number | undefined,
  framesPerSecond: number,
): readonly string[] {
  // A little less than the distance of two pictures: the camera's clock trembles.
  const distanceSeconds = (0.9 / framesPerSecond).toFixed(4);
  const thinned = `select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,${distanceSeconds})+lt(t\\,prev_selected_t)'`;
  const filter = `${thinned},${jpegFilter(width)}`;
  return words(
    `${input} -vf ${filter} ${passthroughOption(version)}`,
    `${jpegCodec} -q:v 6 -flush_packets 1 -f mpjpeg pipe:1`,
  );
}

export const grayWidth = 320;
export const grayHeight = 180;
export const grayBytes = grayWidth * grayHeight;

/**
 * Key frames of many cameras in, small grey pictures out; on the side (fd 3), a line for each with its time, by which they
 * are told apart, and a checksum. The checksum is of single pixels of the original, not of means, which would hide the
 * noise that tells a live sensor from a frozen one.
 */
export function grayArguments(version: string): readonly string[] {
  const small = `scale=${grayWidth}:${grayHeight}:flags=area:out_range=full,format=gray`;
  const sampled = 'scale=640:360:flags=neighbor:out_range=full,format=gray';
  const passthrough = passthroughOption(version);
  return words(
    `${input} -filter_complex_threads 1`,
    `-filter_complex [0:v]split[a][b];[a]${small}[small];[b]${sampled}[sampled]`,
    `-map [small] ${passthrough} -f rawvideo pipe:1`,
    `-map [sampled] ${passthrough} -f framecrc pipe:3`,
  );
}

/** None of ours holds a space. */
function words(...lines: readonly string[]): string[] {
  return lines.join(' ').split(' ');
}
