import { nativeProgram } from './native.ts';
import type { SentPicture } from './pictures.ts';
import { type RunningProcess, startProcess } from './process.ts';
import type { LocalTransport, RemoteTransport } from './sink-sdp.ts';

/** What became of the pictures of a session with `verify`. */
export interface CheckedPayload {
  /** Whole pictures that are the camera's, byte by byte, in its order. */
  readonly checkedFrames: number;
  readonly errors: number;
  /** Key frames that came instead of the next picture. */
  readonly bursts: number;
  /** Resends that brought what was lost: checked like all packets. */
  readonly resends: number;
  /** Packets that wait for one that is missing; those behind it are not checked yet. */
  readonly held: number;
  /** Of the newest picture: its place in the file. */
  readonly lastFrame: number;
  /** The first error, or nothing. */
  readonly problem: string;
  readonly sent: SentPicture;
}

export interface SinkSession {
  readonly id: number;
  readonly state: string;
  readonly packets: number;
  readonly bytes: number;
  /** From the start of ICE; -1 until then. */
  readonly firstPacketMs: number;
  readonly connectMs: number;
  readonly lostByGap: number;
  readonly reordered: number;
  readonly doubles: number;
  readonly rtx: number;
  /** RTP of an SSRC that is neither the video nor its resends. */
  readonly foreign: number;
  readonly verified: number;
  readonly decryptErrors: number;
  readonly senderReports: number;
  readonly rtcpErrors: number;
  readonly consents: number;
  readonly kernelDrops: number;
  readonly payload?: CheckedPayload;
}

export interface SinkReport {
  readonly sessions: readonly SinkSession[];
  /** Of CLOCK_MONOTONIC. */
  readonly atMs: number;
  readonly connected: number;
  readonly packets: number;
  readonly bytes: number;
  readonly lostByGap: number;
  /** Datagrams that this machine's kernel threw away because the sink was slow: not the server's loss. */
  readonly kernelDrops: number;
  readonly decryptErrors: number;
  readonly verified: number;
  readonly checkedFrames: number;
  readonly payloadErrors: number;
  readonly cpuSeconds: number;
}

export interface SinkOffer extends LocalTransport {
  readonly id: number;
}

export interface ConnectOptions {
  /** Check every packet's authentication tag, and that its pictures are those of this camera. */
  readonly verify?: SentPicture;
  /** Such a viewer need not begin with a key frame. */
  readonly startsAnywhere?: boolean;
  /** As browsers offer it; on by itself. */
  readonly transportCc?: boolean;
  /** Keep each frame's arrival times (kernel's stamps). */
  readonly trace?: boolean;
}

/** RTP timestamp, first and last packet's arrival in Unix ms, packets. */
export type TracedFrame = readonly [
  rtpTimestamp: number,
  firstPacketMs: number,
  lastPacketMs: number,
  packets: number,
];

interface SinkEvent {
  readonly event: string;
  readonly id?: number;
}

interface Waiter {
  resolve(event: SinkEvent): void;
  reject(error: Error): void;
}

const commandTimeoutMs = 15_000;

/** The WebRTC viewers of bench/native/sink.c: this class talks to the process, whoever uses it does the signalling. */
export class Sink {
  readonly pid: number;
  readonly #process: RunningProcess;
  readonly #fingerprint: string;
  readonly #waiters = new Map<string, Waiter>();
  readonly #sent = new Map<number, SentPicture>();
  #nextId = 0;

  private constructor(process: RunningProcess) {
    this.#process = process;
    this.pid = process.pid;
    this.#fingerprint = process.readyMatch?.[1] ?? '';
    process.onLine((line) => this.#onEvent(JSON.parse(line) as SinkEvent));
    process.onExit((message) => {
      for (const waiter of this.#waiters.values()) waiter.reject(new Error(message));
      this.#waiters.clear();
    });
  }

  static async start(): Promise<Sink> {
    const ready = /^READY \{"fingerprint":"([0-9A-F:]+)"\}/;
    return new Sink(await startProcess({ command: nativeProgram('sink'), args: [], ready }));
  }

  /** Opens a session's socket; its id is never used again. */
  async offer(): Promise<SinkOffer> {
    const id = this.#nextId++;
    const offer = (await this.#ask(`offer ${id}`, `offer ${id}`)) as SinkEvent &
      Omit<SinkOffer, 'fingerprint'>;
    return { ...offer, fingerprint: this.#fingerprint };
  }

  /** ICE and DTLS with the server. Resolves with the milliseconds that they took; rejects with the reason. */
  async connect(id: number, remote: RemoteTransport, options: ConnectOptions = {}): Promise<number> {
    const { verify, startsAnywhere, trace } = options;
    const how = verify === undefined ? 0 : startsAnywhere ? 2 : 1;
    const flags = `${how} ${trace ? 1 : 0} ${remote.rtxPayloadType} ${remote.isDtlsClient ? 1 : 0}`;
    const words = `${remote.ip} ${remote.port} ${remote.ufrag} ${remote.pwd} ${remote.fingerprint}`;
    if (verify !== undefined) this.#sent.set(id, verify);
    const event = await this.#ask(`answer ${id} ${words} ${flags} ${verify?.path ?? ''}`, `connected ${id}`);
    return (event as SinkEvent & { readonly ms: number }).ms;
  }

  /** With a close_notify. */
  close(id: number): void {
    this.#sent.delete(id);
    this.#process.writeLine(`close ${id}`);
  }

  /** Without a word, like a viewer that lost its network. */
  vanish(id: number): void {
    this.#sent.delete(id);
    this.#process.writeLine(`vanish ${id}`);
  }

  /** Ports that count datagrams and nothing else. Ask for them before any session. */
  async plainPorts(count: number): Promise<readonly number[]> {
    this.#nextId += count;
    const event = await this.#ask(`plain ${count}`, 'plain');
    return (event as SinkEvent & { readonly ports: readonly number[] }).ports;
  }

  async report(): Promise<SinkReport> {
    const report = (await this.#ask('report', 'report')) as SinkEvent & SinkReport;
    const sessions = report.sessions.map((session) => {
      const sent = this.#sent.get(session.id);
      return session.payload && sent ? { ...session, payload: { ...session.payload, sent } } : session;
    });
    return { ...report, sessions };
  }

  /** The newest 1,024 frames of a session connected with `trace`. */
  async trace(id: number): Promise<readonly TracedFrame[]> {
    const event = await this.#ask(`trace ${id}`, `trace ${id}`);
    return (event as SinkEvent & { readonly frames: readonly TracedFrame[] }).frames;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  #onEvent(event: SinkEvent & { readonly why?: string }): void {
    const id = event.id === undefined ? '' : ` ${event.id}`;
    if (event.event === 'failed') {
      for (const key of [`connected${id}`, `offer${id}`])
        this.#settle(key, (waiter) => waiter.reject(new Error(`session${id}: ${event.why}`)));
      return;
    }
    this.#settle(event.event + id, (waiter) => waiter.resolve(event));
  }

  #settle(key: string, how: (waiter: Waiter) => void): void {
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiter) how(waiter);
  }

  #ask(command: string, key: string): Promise<SinkEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(key);
        reject(new Error(`the sink did not answer "${command.slice(0, 40)}"\n${this.#process.output()}`));
      }, commandTimeoutMs);
      const settled = <T>(how: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          clearTimeout(timer);
          how(value);
        };
      };
      this.#waiters.set(key, { resolve: settled(resolve), reject: settled(reject) });
      this.#process.writeLine(command);
    });
  }
}
