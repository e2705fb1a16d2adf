import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** A browser's event stream as bare bytes on a socket of its own: a thousand of them are cheap. */
export class Viewer {
  readonly #socket: Socket;
  #text = '';
  /** Ids of the events, in their order. */
  readonly heard: string[] = [];
  /** Real moment (`performance.now`) at which the newest event came. */
  heardAt = Number.NaN;
  /** What it was told to wait before it reconnects, milliseconds. */
  retryMs: number | null = null;
  /** It was told that it missed something. */
  missed = false;
  status = 0;
  /** `whole`: by the last chunk of its body; `cut`: without one; null: it goes on. */
  ended: 'whole' | 'cut' | null = null;
  /** Resolves when the first bytes of the stream came. */
  readonly opened: Promise<void>;

  constructor(origin: string, path: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(origin);
    this.#socket = connect({ host: hostname, port: Number(port) });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => {
      this.#read(text);
      if (this.retryMs !== null || (this.status !== 0 && this.status !== 200)) resolve();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.ended ??= 'cut';
      resolve();
    });
    const lines = [`GET ${path} HTTP/1.1`, `host: ${hostname}:${port}`, 'accept: text/event-stream'];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Reads nothing until `resume`: what comes piles up on its way. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  leave(): void {
    this.#socket.destroy();
  }

  /** Lines as they come; those of the chunked encoding look like none of ours. */
  #read(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const id = /^id: (\S+)$/.exec(line)?.[1];
      if (id !== undefined) {
        this.heard.push(id);
        this.heardAt = performance.now();
      } else if (line.startsWith('retry: ')) this.retryMs = Number(line.slice('retry: '.length));
      else if (line === 'event: missed') this.missed = true;
      else if (line.startsWith('HTTP/1.1 ')) this.status = Number(line.slice(9, 12));
      else if (line === '0\r') this.ended = 'whole';
    }
  }
}
