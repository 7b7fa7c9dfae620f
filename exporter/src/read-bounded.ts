/** The text of an answer over HTTP. Throws Error with the sentence `tooLarge` once it is longer than `maxBytes`. */
export async function readBounded(response: Response, maxBytes: number, tooLarge: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(tooLarge);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
