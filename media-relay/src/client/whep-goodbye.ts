/**
 * Calls back when the other side ends the DTLS connection (close_notify, RFC 8446 6.1): the relay stops, or the stream was
 * changed. `connectionState` stays "connected" for another six seconds in Chromium, until ICE misses its answers.
 */
export function onGoodbye(receiver: RTCRtpReceiver, signal: AbortSignal, listener: () => void): void {
  const { transport } = receiver;
  transport?.addEventListener(
    'statechange',
    () => {
      if (transport.state === 'closed') listener();
    },
    { signal },
  );
}
