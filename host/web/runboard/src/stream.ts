// Server-sent events over fetch(): EventSource cannot say when a resume begins, cannot be given a cursor
// on reconnect and hides the status code. The cursor is opaque; only messages that carry an id move it.

import { ApiError, request } from './api';

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** Cuts a stream of text into messages; chunks may end anywhere, even between CR and LF. */
export class SseParser {
  private rest = '';
  private id: string | null = null;
  private event = '';
  private data: string[] = [];

  constructor(private readonly emit: (message: Message) => void) {}

  push(chunk: string): void {
    const text = this.rest + chunk;
    let start = 0;
    for (let at = nextBreak(text, start); at >= 0; at = nextBreak(text, start)) {
      // A lone CR at the very end may be half of a CRLF: wait for the next chunk.
      if (text[at] === '\r' && at + 1 === text.length) break;
      this.line(text.slice(start, at));
      start = text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1;
    }
    this.rest = text.slice(start);
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(): void {
    const message = { id: this.id, event: this.event || 'message', data: this.data.join('\n') };
    const silent = this.data.length === 0;
    this.id = null;
    this.event = '';
    this.data = [];
    if (!silent || message.event !== 'message') this.emit(message);
  }
}

function nextBreak(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  const cr = text.indexOf('\r', from);
  if (lf < 0) return cr;
  return cr < 0 ? lf : Math.min(lf, cr);
}

export type StreamState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'broken'; why: string; lastHeard: number | null }
  | { kind: 'ended'; error: ApiError | null };

export interface StreamHandlers {
  onMessage: (message: Message) => void;
  onState: (state: StreamState) => void;
}

export interface StreamTiming {
  firstDelayMs: number;
  maxDelayMs: number;
  /** Silence longer than this means a dead connection: the server pings every 15 s. */
  silenceMs: number;
}

const TIMING: StreamTiming = { firstDelayMs: 300, maxDelayMs: 8_000, silenceMs: 40_000 };

/** Reads one stream for as long as it is open, resuming after every break where it stopped. */
export class EventStream {
  private cursor: string | null = null;
  private lastHeard: number | null = null;
  private delay: number;
  private stopped = false;
  private abort: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly path: string,
    private readonly handlers: StreamHandlers,
    private readonly timing: StreamTiming = TIMING,
  ) {
    this.delay = timing.firstDelayMs;
  }

  start(): void {
    void this.loop();
  }

  stop(): void {
    this.stopped = true;
    this.abort?.abort();
    this.wake?.();
  }

  /** Tries again at once, e.g. because the network came back or a person asked. */
  retryNow(): void {
    this.delay = this.timing.firstDelayMs;
    this.wake?.();
  }

  private async loop(): Promise<void> {
    this.handlers.onState({ kind: 'connecting' });
    while (!this.stopped) {
      const why = await this.readOnce();
      if (this.stopped || why === null) return;
      this.handlers.onState({ kind: 'broken', why, lastHeard: this.lastHeard });
      await this.pause();
    }
  }

  /** Returns why the connection broke, or null when there is nothing more to read. */
  private async readOnce(): Promise<string | null> {
    const abort = new AbortController();
    this.abort = abort;
    let silence = setTimeout(() => abort.abort(), this.timing.silenceMs);
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.cursor !== null) headers['Last-Event-ID'] = this.cursor;
      const response = await request(this.path, { headers, signal: abort.signal });
      this.handlers.onState({ kind: 'live' });
      let ended = false;
      const parser = new SseParser((message) => {
        if (message.event === 'end') ended = true;
        else this.handlers.onMessage(message);
        // Only after it was handled: a message that threw is read again.
        if (message.id !== null) this.cursor = message.id;
      });
      const reader = response.body!.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), this.timing.silenceMs);
        this.lastHeard = Date.now();
        this.delay = this.timing.firstDelayMs;
        parser.push(decoder.decode(value, { stream: true }));
      }
      if (!ended) return 'the connection was closed';
      this.handlers.onState({ kind: 'ended', error: null });
      return null;
    } catch (error) {
      if (error instanceof ApiError && isFinal(error.status)) {
        this.handlers.onState({ kind: 'ended', error });
        return null;
      }
      if (abort.signal.aborted) return 'nothing was heard from the server';
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  private async pause(): Promise<void> {
    const jitter = 0.75 + Math.random() / 2;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.delay * jitter);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
    this.delay = Math.min(this.delay * 2, this.timing.maxDelayMs);
  }
}

/** A refusal that asking again will not change; 429 and 5xx may pass. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
