/** Runs `work` soon after the first call, at most once per `everyMs`, and always once after the last. */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running = false;
  private again = false;
  private last = 0;
  private stopped = false;

  constructor(
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  poke(): void {
    if (this.stopped) return;
    if (this.running) this.again = true;
    else this.timer ??= setTimeout(() => void this.run(), Math.max(30, this.last + this.everyMs - Date.now()));
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.timer = null;
    this.running = true;
    this.last = Date.now();
    try {
      await this.work();
    } finally {
      this.running = false;
      if (this.again) {
        this.again = false;
        this.poke();
      }
    }
  }
}
