// The events of one run, applied exactly once and in order, whatever the transport repeats or leaves out.

import { LineKind, LogBuffer } from './log_buffer';
import { signal } from '@preact/signals';
import type { RunEvent } from './model';

type FetchPage = (after: number) => Promise<RunEvent[]>;

const KEPT_LINES = 200_000;

/** Keeps the log of one run and the number of the last event that is in it. */
export class RunLog {
  readonly buffer = new LogBuffer(KEPT_LINES);
  /** Moves when lines were added; views draw by it. */
  readonly version = signal(0);
  readonly loading = signal(false);
  seq: number;
  private held: RunEvent[] | null = null;
  private closed = false;

  constructor(
    readonly runId: number,
    seq: number,
    private readonly fetchPage: FetchPage,
  ) {
    this.seq = seq;
  }

  /** Starts at the tail of a log whose end is known, instead of reading a million lines to keep a few. */
  static tail(runId: number, lastSeq: number, fetchPage: FetchPage): RunLog {
    const start = Math.max(0, lastSeq - KEPT_LINES);
    const log = new RunLog(runId, start, fetchPage);
    if (start > 0) log.buffer.skip(start);
    return log;
  }

  /** Takes one event; false when it was known already or is held back until a gap before it is filled. */
  accept(event: RunEvent): boolean {
    if (event.last_seq <= this.seq) return false;
    if (this.held !== null) {
      this.held.push(event);
      return false;
    }
    if (event.seq > this.seq + 1) {
      this.held = [event];
      void this.fill();
      return false;
    }
    this.write(event);
    return true;
  }

  /** Reads what lies between the last known event and the present. */
  async fill(): Promise<void> {
    this.held ??= [];
    this.loading.value = true;
    for (let delay = 500; !this.closed; delay = Math.min(delay * 2, 8_000)) {
      try {
        await this.readPages();
        break;
      } catch {
        // The stream's banner tells of the outage; the gap stays until the server is back.
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
    const held = this.held;
    this.held = null;
    this.loading.value = false;
    for (const event of held) this.accept(event);
    this.version.value++;
  }

  close(): void {
    this.closed = true;
  }

  private async readPages(): Promise<void> {
    while (!this.closed) {
      const events = await this.fetchPage(this.seq);
      const before = this.seq;
      for (const event of events) if (event.last_seq > this.seq) this.write(event);
      this.version.value++;
      if (this.seq === before) return;
    }
  }

  private write(event: RunEvent): void {
    const known = event.kind === 'log' ? Math.max(0, this.seq - event.seq + 1) : 0;
    this.seq = event.last_seq;
    const { data, step } = event;
    switch (event.kind) {
      case 'log': {
        const lines = known > 0 ? event.lines.slice(known) : event.lines;
        return this.buffer.append(lines, kindOfStream(data.stream), step);
      }
      case 'note':
        return this.buffer.append((data.text ?? '').split('\n'), LineKind.Host, step);
      case 'step.started':
        return this.buffer.append([`▸ ${data.id ?? step ?? ''}  ${data.tool ?? ''}`], LineKind.Mark, step);
      case 'step.finished':
        return this.finishedStep(event);
      case 'run.finished':
        return this.finishedRun(event);
      case 'input.requested':
        return this.buffer.append(`▲ asks: ${data.message ?? data.tool ?? ''}`.split('\n'), LineKind.Host, step);
      case 'input.answered':
        return this.buffer.append([`▲ answered${data.by ? ` by ${data.by}` : ''}: ${data.action ?? ''}`], LineKind.Host, step);
      case 'input.closed':
        return this.buffer.append([`▲ not asked any more: ${data.status ?? ''}`], LineKind.Host, step);
    }
  }

  private finishedStep({ data, step }: RunEvent): void {
    this.end(`${data.id ?? step ?? ''}  `, data.status, step);
    if (data.error && data.status !== 'canceled') this.buffer.append(data.error.split('\n'), LineKind.Bad, step);
  }

  private finishedRun({ data }: RunEvent): void {
    this.end('run ', data.status, null);
  }

  private end(what: string, status: string | undefined, step: string | null): void {
    const { icon, kind } = ENDS[status ?? ''] ?? { icon: '✕', kind: LineKind.Bad };
    this.buffer.append([`${icon} ${what}${status ?? 'ended'}`], kind, step);
  }
}

const ENDS: Record<string, { icon: string; kind: LineKind }> = {
  succeeded: { icon: '✓', kind: LineKind.Good },
  skipped: { icon: '↷', kind: LineKind.Host },
  canceled: { icon: '■', kind: LineKind.Host },
};

function kindOfStream(stream: string | undefined): LineKind {
  if (stream === 'stderr') return LineKind.Err;
  return stream === 'host' ? LineKind.Host : LineKind.Out;
}
