// What one lane shows: its runs, the one in view with steps, log and progress, and its latest diff.

import { batch, computed, signal } from '@preact/signals';
import { api, ApiError, type Decision, type Enqueue } from './api';
import { isActive, isFinished, isPending, isTerminal, type Diff, type Run, type RunEvent, type Step } from './model';
import { questions } from './question_store';
import { RunLog } from './run_log';
import { Throttle } from './throttle';

export interface Progress {
  done: number;
  total: number | null;
  message: string;
}

const PAGE = 2_000;
const STEPS_EVERY_MS = 700;
const DIFF_EVERY_MS = 600;

/** The run a lane shows when nobody chose one: the one at work, else the next, else the last. */
export function pick(runs: Run[]): Run | null {
  return (
    runs.find((run) => isActive(run.status)) ??
    [...runs].reverse().find((run) => run.status === 'queued') ??
    runs.find((run) => !isPending(run.status)) ??
    runs[0] ??
    null
  );
}

export class LaneStore {
  /** Newest first. */
  readonly runs = signal<Run[]>([]);
  readonly pinned = signal<number | null>(null);
  readonly steps = signal<Step[]>([]);
  readonly progress = signal<ReadonlyMap<string, Progress>>(new Map());
  readonly question = signal<string | null>(null);
  readonly log = signal<RunLog | null>(null);
  readonly diff = signal<Diff | null>(null);
  readonly diffProblem = signal<ApiError | null>(null);
  readonly problem = signal<ApiError | null>(null);
  readonly sending = signal(false);
  readonly canceling = signal<number | null>(null);
  /** What stands in the intent box. */
  readonly draft = signal('');
  readonly stepFilter = signal<string | null>(null);

  readonly latest = computed(() => pick(this.runs.value));
  readonly run = computed(() => {
    const pinned = this.pinned.value;
    return (pinned !== null && this.runs.value.find((run) => run.id === pinned)) || this.latest.value;
  });
  readonly queued = computed(
    () => this.runs.value.filter((run) => isPending(run.status) && run.id !== this.run.value?.id).length,
  );
  /** What tools of the run in view ask and nobody has answered yet. */
  readonly asked = computed(() => {
    const run = this.run.value;
    if (run === null || isTerminal(run.status)) return [];
    return questions.value.filter((question) => question.run_id === run.id);
  });
  readonly isCanceling = computed(() => {
    const run = this.run.value;
    if (run === null || isTerminal(run.status)) return false;
    return this.canceling.value === run.id || run.canceled_at !== null;
  });

  private readonly stepsReader = new Throttle(STEPS_EVERY_MS, () => this.readSteps());
  private readonly diffReader = new Throttle(DIFF_EVERY_MS, () => this.readDiff());

  constructor(
    readonly session: number,
    readonly name: string,
    /** Takes a run the server answered with into the session. */
    private readonly learn: (run: Run) => void,
  ) {}

  close(): void {
    this.stepsReader.stop();
    this.diffReader.stop();
    this.log.value?.close();
  }

  put(run: Run): void {
    const known = this.runs.value.find((other) => other.id === run.id);
    // An answer that was on its way when the end was told, or the beginning of a replay.
    if (known && isTerminal(known.status) && !isTerminal(run.status)) return;
    const others = this.runs.value.filter((other) => other.id !== run.id);
    this.runs.value = [...others, run].sort((a, b) => b.id - a.id);
  }

  /** Makes the log fit the run in view, of which the stream has told `heard` so far. */
  attach(heard: { seq: number; quiet: boolean }): RunLog | null {
    const run = this.run.value;
    const before = this.log.value;
    if (before?.runId === run?.id) return before;
    before?.close();
    const log = run === null ? null : this.openLog(run.id, heard.seq, heard.quiet);
    batch(() => {
      this.log.value = log;
      this.steps.value = [];
      this.progress.value = new Map();
      this.question.value = null;
      this.stepFilter.value = null;
    });
    if (run !== null) this.stepsReader.poke();
    return log;
  }

  private openLog(run: number, seq: number, quiet: boolean): RunLog {
    const page = async (after: number): Promise<RunEvent[]> => (await api.events(run, after, PAGE)).events;
    if (quiet) return new RunLog(run, seq, page);
    const log = RunLog.tail(run, seq, page);
    void log.fill();
    return log;
  }

  /** An event of the run in view, in order. */
  show(event: RunEvent): void {
    const { kind, data } = event;
    if (kind === 'step.started' || kind === 'step.finished') this.showStep(event);
    else if (kind === 'progress' && event.step !== null) this.showProgress(event.step, event);
    else if (kind === 'run.waiting') this.question.value = data.question ?? data.error ?? null;
    if (/^(run|step|input)\./.test(kind)) this.stepsReader.poke();
  }

  refreshDiff(): void {
    this.diffReader.poke();
  }

  private showStep({ data, step, at, kind }: RunEvent): void {
    const id = String(data.id ?? step ?? '');
    const known = this.steps.value.find((other) => other.id === id);
    const at_ms = Date.parse(at);
    // What the server said later than this event stands.
    if (known && isFinished(known.status) && Date.parse(known.finished_at ?? at) >= at_ms) return;
    const started = kind === 'step.started';
    const next: Step = {
      position: data.position ?? known?.position ?? this.steps.value.length + 1,
      id,
      tool: data.tool ?? known?.tool ?? '',
      status: (data.status as Step['status'] | undefined) ?? (started ? 'running' : 'succeeded'),
      attempt: known?.attempt ?? 0,
      tries: data.tries ?? known?.tries ?? 0,
      error: data.error ?? null,
      hint: data.hint ?? null,
      started_at: started ? at : (known?.started_at ?? null),
      finished_at: started ? null : at,
    };
    const others = this.steps.value.filter((other) => other.id !== id);
    this.steps.value = [...others, next].sort((a, b) => a.position - b.position);
  }

  private showProgress(step: string, { data }: RunEvent): void {
    const next = new Map(this.progress.value);
    next.set(step, { done: data.done ?? 0, total: data.total ?? null, message: data.message ?? '' });
    this.progress.value = next;
  }

  private async readSteps(): Promise<void> {
    const id = this.run.value?.id;
    if (id === undefined) return;
    const answer = await api.run(id).catch(() => null);
    if (answer === null || this.run.value?.id !== id) return;
    const { steps, ...run } = answer;
    batch(() => {
      this.steps.value = steps;
      this.learn(run);
    });
  }

  private async readDiff(): Promise<void> {
    try {
      const diff = await api.laneDiff(this.session, this.name);
      batch(() => ([this.diff.value, this.diffProblem.value] = [diff, null]));
    } catch (error) {
      if (!(error instanceof ApiError)) return;
      if (error.status === 404) this.diff.value = null;
      else if (error.status !== 0) this.diffProblem.value = error;
    }
  }

  /** True when the run was taken. */
  async play(body: Omit<Enqueue, 'session_id' | 'lane'>): Promise<boolean> {
    const run = await this.ask(() => api.enqueue({ session_id: this.session, lane: this.name, ...body }));
    if (run !== null) this.pinned.value = null;
    return run !== null;
  }

  async cancel(): Promise<void> {
    const run = this.run.value;
    if (run === null || isTerminal(run.status)) return;
    this.canceling.value = run.id;
    if ((await this.ask(() => api.cancel(run.id))) === null) this.canceling.value = null;
  }

  async answer(decision: Decision): Promise<void> {
    const run = this.run.value;
    if (run === null) return;
    this.sending.value = true;
    await this.ask(() => api.answer(run.id, decision));
    this.sending.value = false;
  }

  private async ask(work: () => Promise<Run>): Promise<Run | null> {
    this.problem.value = null;
    try {
      const run = await work();
      this.learn(run);
      return run;
    } catch (error) {
      this.problem.value =
        error instanceof ApiError ? error : new ApiError(0, 'internal', String(error), 'Reload the page.');
      return null;
    }
  }
}
