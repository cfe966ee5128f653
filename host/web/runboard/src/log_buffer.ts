// The log of one run as far as it is kept in memory: parallel arrays, since a million small objects
// would cost several times the text itself.

export const enum LineKind {
  Out,
  Err,
  Host,
  Mark,
  Good,
  Bad,
}

const NO_STEP = '';

/** Lines in order, bounded: the oldest go first, and `dropped` says how many went. */
export class LogBuffer {
  private texts: string[] = [];
  private kinds: number[] = [];
  private steps: number[] = [];
  private readonly stepNames: string[] = [NO_STEP];
  /** Lines that are no longer here. */
  dropped = 0;
  /** Lines printed by tools, including dropped ones but not the host's own remarks. */
  printed = 0;

  constructor(private readonly limit = 200_000) {}

  get length(): number {
    return this.texts.length;
  }

  append(texts: readonly string[], kind: LineKind, step: string | null): void {
    const stepIndex = this.indexOf(step ?? NO_STEP);
    for (const text of texts) {
      this.texts.push(text);
      this.kinds.push(kind);
      this.steps.push(stepIndex);
    }
    if (kind === LineKind.Out || kind === LineKind.Err) this.printed += texts.length;
    // Dropping a tenth at a time keeps the cost per line constant.
    if (this.texts.length > this.limit * 1.1) this.drop(this.texts.length - this.limit);
  }

  text(at: number): string {
    return this.texts[at] ?? '';
  }

  kind(at: number): LineKind {
    return this.kinds[at] ?? LineKind.Out;
  }

  step(at: number): string {
    return this.stepNames[this.steps[at] ?? 0] ?? NO_STEP;
  }

  /** Notes that lines before the first kept one exist, when reading starts in the middle. */
  skip(count: number): void {
    this.dropped += count;
  }

  private drop(count: number): void {
    this.texts.splice(0, count);
    this.kinds.splice(0, count);
    this.steps.splice(0, count);
    this.dropped += count;
  }

  private indexOf(step: string): number {
    const last = this.steps[this.steps.length - 1];
    if (last !== undefined && this.stepNames[last] === step) return last;
    const known = this.stepNames.indexOf(step);
    return known >= 0 ? known : this.stepNames.push(step) - 1;
  }
}
