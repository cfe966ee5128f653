// Which visual rows a log has under the present filter and width. Every row is as high as the next, also
// when lines wrap: a wrapped line is several rows, so the position of any row is a multiplication.

import { plain } from './ansi';
import type { LogBuffer } from './log_buffer';

/** One drawn row: a line of the buffer and the columns of it that are shown. */
export interface Row {
  line: number;
  from: number;
  to: number;
}

export const LINE_CUT = 4_000;
const MAX_ROWS_PER_LINE = 50;

export class LogRows {
  private lines: number[] = [];
  private parts: number[] = [];
  private read = 0;
  private dropped = 0;
  private step: string | null = null;
  private columns = 0;

  constructor(private readonly buffer: LogBuffer) {
    this.dropped = buffer.dropped;
  }

  /** `step` null: all lines; `columns` 0: no wrapping. */
  configure(step: string | null, columns: number): void {
    if (step === this.step && columns === this.columns) return;
    this.step = step;
    this.columns = columns;
    this.clear();
  }

  /** Takes in what is new. Returns how many rows vanished at the front. */
  update(): number {
    const lost = this.forget();
    if (!this.isPlain) {
      for (; this.read < this.buffer.length; this.read++) this.add(this.read);
    }
    return lost;
  }

  get length(): number {
    return this.isPlain ? this.buffer.length : this.lines.length;
  }

  at(row: number): Row {
    if (this.isPlain) return { line: row, from: 0, to: LINE_CUT };
    const part = this.parts[row] ?? 0;
    const line = this.lines[row] ?? 0;
    if (this.columns === 0) return { line, from: 0, to: LINE_CUT };
    return { line, from: part * this.columns, to: (part + 1) * this.columns };
  }

  private get isPlain(): boolean {
    return this.step === null && this.columns === 0;
  }

  private add(line: number): void {
    if (this.step !== null && this.buffer.step(line) !== this.step) return;
    const rows = this.columns === 0 ? 1 : this.rowsOf(line);
    for (let part = 0; part < rows; part++) {
      this.lines.push(line);
      this.parts.push(part);
    }
  }

  private rowsOf(line: number): number {
    const raw = this.buffer.text(line);
    // Most lines are short: their escapes and tabs cannot make them longer than this.
    if (raw.length <= this.columns && !raw.includes('\t')) return 1;
    const rows = Math.ceil(plain(raw).length / this.columns);
    return Math.min(MAX_ROWS_PER_LINE, Math.max(1, rows));
  }

  private forget(): number {
    const gone = this.buffer.dropped - this.dropped;
    if (gone <= 0) return 0;
    this.dropped = this.buffer.dropped;
    if (this.isPlain) return gone;
    const lost = this.lines.findIndex((line) => line >= gone);
    const rows = lost < 0 ? this.lines.length : lost;
    this.clear();
    return rows;
  }

  private clear(): void {
    this.lines = [];
    this.parts = [];
    this.read = 0;
  }
}
