import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Answer, Question } from './facts.ts';

const childFile = fileURLToPath(new URL('./child.ts', import.meta.url));

/** A child process that answers one question at a time. It starts with the first one and ends with `close`. */
export class Inquiry {
  #child: ChildProcess | undefined;

  /** Rejects when the child ends, or does not answer in time; then it is killed, and the next question starts another. */
  ask(question: Question, withinMs: number): Promise<Answer> {
    const child = this.#start();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close();
        done();
        reject(new Error(`systeminformation did not answer within ${withinMs} ms`));
      }, withinMs);
      timer.unref();
      const onMessage = (answer: Answer): void => {
        done();
        resolve(answer);
      };
      const onExit = (): void => {
        done();
        reject(new Error('the process that runs systeminformation ended'));
      };
      const done = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', onExit);
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.on('error', onExit);
      child.send(question);
    });
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null)
      return this.#child;
    const child = fork(childFile, [], {
      execArgv: ['--max-old-space-size=128'],
      // It needs a path to find programs, and nothing else that this process may know.
      env: { PATH: process.env['PATH'], LANG: 'C' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // Without a listener an error would be thrown; whoever asks hears of it by itself.
    child.on('error', () => undefined);
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }
}
