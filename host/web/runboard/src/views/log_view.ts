// Draws a log of any length with a few dozen elements. Row i lives in element i modulo the pool, so a
// log that grows redraws only its new rows; escapes are parsed here and only for rows in view.

import { cut, plain, spans, type Span } from '../ansi';
import { LineKind } from '../log_buffer';
import { LINE_CUT, LogRows } from '../log_rows';
import type { RunLog } from '../run_log';

const ROW_PX = 18;
const OVERSCAN = 6;
// Nobody reads faster than this, and four lanes share one thread.
const DRAW_EVERY_MS = 60;

const GLYPHS: Record<LineKind, string> = {
  [LineKind.Out]: '', [LineKind.Err]: '!', [LineKind.Host]: '·', [LineKind.Mark]: '', [LineKind.Good]: '', [LineKind.Bad]: '',
};
const CLASSES: Record<LineKind, string> = {
  [LineKind.Out]: 'row', [LineKind.Err]: 'row err', [LineKind.Host]: 'row host',
  [LineKind.Mark]: 'row mark', [LineKind.Good]: 'row good', [LineKind.Bad]: 'row bad',
};

interface Slot {
  element: HTMLElement;
  glyph: HTMLElement;
  text: HTMLElement;
  line: number;
  from: number;
  to: number;
  top: number;
}

/** What the panel around the list shows. */
export interface LogState {
  following: boolean;
  /** Rows that came since following stopped. */
  unseen: number;
}

export class LogView {
  private log: RunLog | null = null;
  private rows: LogRows | null = null;
  private slots: Slot[] = [];
  private readonly spacer = document.createElement('div');
  private following = true;
  private seenRows = 0;
  private lastTop = 0;
  private wrap = false;
  private step: string | null = null;
  private charPx = 0;
  /** A hidden element forgets where it was scrolled to. */
  private wasHidden = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private frame = 0;
  private readonly resize = new ResizeObserver(() => this.drawSoon(0));

  constructor(
    private readonly scroller: HTMLElement,
    private readonly onState: (state: LogState) => void,
  ) {
    this.spacer.className = 'rows';
    scroller.append(this.spacer);
    scroller.addEventListener('scroll', this.onScroll, { passive: true });
    this.resize.observe(scroller);
  }

  close(): void {
    this.resize.disconnect();
    this.scroller.removeEventListener('scroll', this.onScroll);
    if (this.timer !== null) clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.spacer.remove();
  }

  show(log: RunLog | null, step: string | null, wrap: boolean): void {
    if (log !== this.log) {
      this.log = log;
      this.rows = log === null ? null : new LogRows(log.buffer);
      this.following = true;
      this.seenRows = 0;
    }
    this.step = step;
    this.wrap = wrap;
    this.forgetSlots();
    this.drawSoon(0);
  }

  /** Call when the log has grown. */
  grew(): void {
    this.drawSoon(DRAW_EVERY_MS);
  }

  follow(): void {
    this.following = true;
    this.drawSoon(0);
  }

  /** The visible text of all rows under the present filter. */
  text(): string {
    const buffer = this.log?.buffer;
    if (!buffer) return '';
    const lines: string[] = [];
    for (let at = 0; at < buffer.length; at++) {
      if (this.step === null || buffer.step(at) === this.step) lines.push(plain(buffer.text(at)));
    }
    return lines.join('\n') + '\n';
  }

  private readonly onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    // Growth moves the end away from us; only a move upwards is a person's wish to stay.
    if (scrollTop < this.lastTop - 1) this.following = false;
    if (scrollTop + clientHeight >= scrollHeight - ROW_PX / 2) this.following = true;
    this.lastTop = scrollTop;
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  };

  private drawSoon(delay: number): void {
    if (delay === 0 && this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (!this.isSelecting()) this.draw();
      else this.report();
    }, delay);
  }

  /** Redrawing under a selection would take it away while it is being made. */
  private isSelecting(): boolean {
    const selection = getSelection();
    return selection !== null && !selection.isCollapsed && this.scroller.contains(selection.anchorNode);
  }

  private columns(): number {
    if (!this.wrap) return 0;
    if (this.charPx === 0) this.charPx = measure(this.spacer);
    const room = this.scroller.clientWidth - this.charPx * 4;
    return Math.max(20, Math.floor(room / this.charPx));
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { rows, scroller } = this;
    if (rows === null) {
      this.spacer.style.height = '0px';
      this.forgetSlots();
      return;
    }
    const height = scroller.clientHeight;
    if (height === 0) {
      this.wasHidden = true;
      return this.report();
    }
    rows.configure(this.step, this.columns());
    const lost = rows.update();
    if (lost > 0) this.forgetSlots();
    this.spacer.style.height = `${rows.length * ROW_PX}px`;
    if (this.following) this.scrollTo(Math.max(0, rows.length * ROW_PX - height));
    else if (lost > 0) {
      this.seenRows = Math.max(0, this.seenRows - lost);
      this.scrollTo(Math.max(0, scroller.scrollTop - lost * ROW_PX));
    }
    else if (this.wasHidden) this.scrollTo(this.lastTop);
    this.wasHidden = false;
    this.drawRows(rows, scroller.scrollTop, height);
    this.report();
  }

  private scrollTo(top: number): void {
    if (Math.abs(this.scroller.scrollTop - top) > 0.5) this.scroller.scrollTop = top;
    this.lastTop = this.scroller.scrollTop;
  }

  private report(): void {
    const length = this.rows?.length ?? 0;
    if (this.following) this.seenRows = length;
    this.onState({ following: this.following, unseen: Math.max(0, length - this.seenRows) });
  }

  private drawRows(rows: LogRows, top: number, height: number): void {
    const first = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + OVERSCAN);
    this.ensureSlots(Math.ceil(height / ROW_PX) + 2 * OVERSCAN + 1);
    const count = this.slots.length;
    for (let row = first; row < last; row++) this.drawRow(this.slots[row % count]!, rows, row);
    const used = last - first;
    if (used < count) {
      for (let row = last; row < first + count; row++) hide(this.slots[row % count]!);
    }
  }

  private drawRow(slot: Slot, rows: LogRows, row: number): void {
    const { line, from, to } = rows.at(row);
    const buffer = this.log!.buffer;
    const top = row * ROW_PX;
    if (slot.top !== top) {
      slot.top = top;
      slot.element.style.transform = `translateY(${top}px)`;
      slot.element.hidden = false;
    }
    const absolute = line + buffer.dropped;
    if (slot.line === absolute && slot.from === from && slot.to === to) return;
    Object.assign(slot, { line: absolute, from, to });
    const kind = buffer.kind(line);
    slot.element.className = CLASSES[kind];
    slot.glyph.textContent = from === 0 ? GLYPHS[kind] : '';
    slot.text.replaceChildren(...nodes(cut(spans(buffer.text(line)), from, to), buffer.text(line).length > LINE_CUT && to === LINE_CUT));
  }

  private ensureSlots(count: number): void {
    if (this.slots.length >= count) return;
    this.forgetSlots();
    while (this.slots.length < count) {
      const element = document.createElement('div');
      const glyph = document.createElement('span');
      const text = document.createElement('span');
      glyph.className = 'glyph';
      element.append(glyph, text);
      element.hidden = true;
      this.spacer.append(element);
      this.slots.push({ element, glyph, text, line: -1, from: 0, to: 0, top: -1 });
    }
  }

  private forgetSlots(): void {
    for (const slot of this.slots) hide(slot);
  }
}

function hide(slot: Slot): void {
  slot.line = -1;
  slot.top = -1;
  slot.element.hidden = true;
}

function nodes(parts: Span[], isCut: boolean): Node[] {
  const all: Node[] = parts.map(({ text, classes }) => {
    if (classes === '') return document.createTextNode(text);
    const span = document.createElement('span');
    span.className = classes;
    span.textContent = text;
    return span;
  });
  if (isCut) all.push(document.createTextNode(' … cut here; the plain log has all of it'));
  return all;
}

function measure(parent: HTMLElement): number {
  const probe = document.createElement('span');
  probe.className = 'probe';
  probe.textContent = '0'.repeat(100);
  parent.append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 8;
}
