// One open session: a snapshot of its runs, then the stream. Everything arrives here in order and is
// handed to the lane that shows it.

import { batch, computed, effect, signal, untracked } from '@preact/signals';
import { api, ApiError } from './api';
import { LaneStore } from './lane_store';
import type { Run, RunEvent, RunStatus, Session } from './model';
import { dropQuestion, refreshQuestions } from './question_store';
import { EventStream, type Message, type StreamState } from './stream';

const LANES = ['A', 'B', 'C', 'D'];
const HISTORY = 200;
// Events are applied in bursts: four busy lanes send far more often than a screen can change.
const FLUSH_MS = 50;

/** Up to which event the stream has told of a run, and whether any of them belongs into a log. */
export interface Heard {
  seq: number;
  quiet: boolean;
}

const LOGGED = ['log', 'note', 'step.started', 'step.finished', 'run.finished', 'input.requested', 'input.answered', 'input.closed'];

const STATUS_OF_KIND: Record<string, RunStatus> = {
  'run.queued': 'queued',
  'run.started': 'running',
  'run.requeued': 'queued',
  'run.waiting': 'waiting',
  'run.resumed': 'running',
};

export class SessionStore {
  readonly session = signal<Session | null>(null);
  readonly lanes = signal<LaneStore[]>([]);
  readonly stream = signal<StreamState>({ kind: 'connecting' });
  readonly failure = signal<ApiError | null>(null);
  readonly statuses = computed(() =>
    this.lanes.value.map((lane) => lane.latest.value?.status).filter((status) => status !== undefined),
  );

  private readonly heard = new Map<number, Heard>();
  private readonly inbox: RunEvent[] = [];
  private flushing: ReturnType<typeof setTimeout> | null = null;
  private readonly reader: EventStream;
  private readonly disposers: (() => void)[] = [];
  private readonly unknown = new Set<number>();
  /** Runs before this one are history that the page does not list. */
  private oldest = 0;
  private closed = false;

  constructor(readonly id: number) {
    this.reader = new EventStream(`/api/stream?session=${id}`, {
      onMessage: (message) => this.receive(message),
      onState: (state) => this.onState(state),
    });
  }

  async open(): Promise<void> {
    try {
      const [detail, { runs }] = await Promise.all([api.session(this.id), api.runs(this.id, HISTORY)]);
      if (this.closed) return;
      batch(() => {
        const { lanes, ...session } = detail;
        this.session.value = session;
        for (const name of new Set([...LANES, ...lanes.map((lane) => lane.lane)])) this.lane(name);
        for (const run of runs) this.put(run);
        if (runs.length >= HISTORY) this.oldest = Math.min(...runs.map((run) => run.id));
        for (const { run } of lanes) if (run !== null) this.put(run);
      });
      for (const lane of this.lanes.value) if (lane.run.value !== null) lane.refreshDiff();
      const retry = (): void => this.reader.retryNow();
      addEventListener('online', retry);
      this.disposers.push(() => removeEventListener('online', retry));
      this.reader.start();
    } catch (error) {
      this.failure.value = error instanceof ApiError ? error : new ApiError(0, 'internal', String(error), '');
    }
  }

  close(): void {
    this.closed = true;
    this.reader.stop();
    if (this.flushing !== null) clearTimeout(this.flushing);
    for (const dispose of this.disposers) dispose();
    for (const lane of this.lanes.value) lane.close();
  }

  retryNow(): void {
    this.reader.retryNow();
  }

  lane(name: string): LaneStore {
    const known = this.lanes.value.find((lane) => lane.name === name);
    if (known) return known;
    const lane = new LaneStore(this.id, name, (run) => this.put(run));
    this.lanes.value = [...this.lanes.value, lane].sort((a, b) => a.name.localeCompare(b.name));
    // Whichever run comes into view, by choice or by time, gets its log attached.
    this.disposers.push(
      effect(() => {
        const run = lane.run.value;
        untracked(() => lane.attach(this.heardOf(run?.id ?? 0)));
      }),
    );
    return lane;
  }

  private put(run: Run): void {
    if (run.session_id !== this.id) return;
    this.lane(run.lane).put(run);
  }

  private heardOf(run: number): Heard {
    return this.heard.get(run) ?? { seq: 0, quiet: true };
  }

  private onState(state: StreamState): void {
    this.stream.value = state;
    if (state.kind === 'ended') this.failure.value = state.error;
  }

  private receive(message: Message): void {
    if (message.event !== 'event') return;
    this.inbox.push(JSON.parse(message.data) as RunEvent);
    this.flushing ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush(): void {
    this.flushing = null;
    const events = this.inbox.splice(0);
    const touched = new Set<LaneStore>();
    batch(() => {
      for (const event of events) {
        const lane = this.apply(event);
        if (lane !== null) touched.add(lane);
      }
      for (const lane of touched) {
        const log = lane.log.peek();
        if (log !== null) log.version.value++;
      }
    });
  }

  /** The lane whose log has grown, if any. */
  private apply(event: RunEvent): LaneStore | null {
    if (/^(run|input)\./.test(event.kind)) this.noteQuestion(event);
    const found = this.find(event.run_id);
    if (found === null) {
      this.hear(event);
      this.meet(event.run_id);
      return null;
    }
    const [lane, run] = found;
    const before = this.heardOf(run.id);
    if (event.last_seq > before.seq) this.change(lane, run, event);
    // A run that came into view by this very event: its log begins here.
    const log = lane.run.peek()?.id === run.id ? lane.attach(before) : null;
    this.hear(event);
    if (log === null || !log.accept(event)) return null;
    lane.show(event);
    return lane;
  }

  /** Answered here or elsewhere: gone for everybody. A replay of old events only asks the server again. */
  private noteQuestion({ kind, data }: RunEvent): void {
    if (kind === 'input.answered' || kind === 'input.closed') dropQuestion(Number(data.id));
    refreshQuestions();
  }

  private hear(event: RunEvent): void {
    const before = this.heardOf(event.run_id);
    this.heard.set(event.run_id, {
      seq: Math.max(before.seq, event.last_seq),
      quiet: before.quiet && !LOGGED.includes(event.kind),
    });
  }

  private find(id: number): [LaneStore, Run] | null {
    for (const lane of this.lanes.peek()) {
      const run = lane.runs.peek().find((other) => other.id === id);
      if (run) return [lane, run];
    }
    return null;
  }

  private change(lane: LaneStore, run: Run, { kind, data, at }: RunEvent): void {
    if (kind === 'artifact' && data.kind === 'diff') lane.refreshDiff();
    if (!kind.startsWith('run.')) return;
    const status = (data.status as RunStatus | undefined) ?? STATUS_OF_KIND[kind] ?? run.status;
    const next: Run = { ...run, status };
    if (kind === 'run.started') next.started_at ??= at;
    if (data.worker) next.claimed_by = data.worker;
    if (data.error !== undefined) next.error = data.error;
    if (data.hint !== undefined) next.hint = data.hint;
    if (kind === 'run.finished') next.finished_at = at;
    lane.put(next);
  }

  /** A run nobody told of before: another tab, the CLI or a schedule started it. */
  private meet(id: number): void {
    if (id < this.oldest || this.unknown.has(id)) return;
    this.unknown.add(id);
    void api
      .run(id)
      .then(({ steps: _, ...run }) => this.put(run))
      .catch(() => {})
      .finally(() => this.unknown.delete(id));
  }
}
