import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pick } from '../lane_store';
import type { Question, Run, RunEvent, RunStatus } from '../model';
import { questions } from '../question_store';
import { SessionStore } from '../session_store';

function run(id: number, status: RunStatus, lane = 'A'): Run {
  return {
    id, session_id: 7, lane, status, priority: 100, intent: 'x', runbook: 'x', inputs: {}, attempt: 1,
    claimed_by: null, canceled_at: null, created_at: '2026-01-01T00:00:00Z', started_at: null,
    finished_at: null, error: null, hint: null,
  };
}

function event(run_id: number, seq: number, kind: string, data: RunEvent['data'] = {}, lines: string[] = []): RunEvent {
  const last_seq = seq + Math.max(1, lines.length) - 1;
  return { run_id, seq, last_seq, kind, step: 'go', at: '2026-01-01T00:00:01Z', data, lines };
}

function question(id: number, run_id: number): Question {
  return { id, run_id, step: 'go', tool: 'forms.ask', params: {}, live: true, open: true, created_at: '', expires_at: null };
}

describe('pick', () => {
  const of = (...runs: Run[]): number | undefined => pick(runs.sort((a, b) => b.id - a.id))?.id;

  test('the run at work comes first', () => expect(of(run(1, 'succeeded'), run(2, 'running'), run(3, 'blocked'))).toBe(2));
  test('then the head of the queue', () => expect(of(run(1, 'failed'), run(2, 'queued'), run(3, 'blocked'))).toBe(2));
  test('then the last that ended', () => expect(of(run(1, 'failed'), run(2, 'canceled'))).toBe(2));
  test('a lane with nothing has nothing', () => expect(of()).toBeUndefined());
});

/** A server in miniature: runs and their events, and one stream that a test writes to. */
class Server {
  runs: Run[] = [];
  events: RunEvent[] = [];
  questions: Question[] = [];
  asked: string[] = [];
  private out: ReadableStreamDefaultController<Uint8Array> | null = null;

  send(...events: RunEvent[]): void {
    const text = events.map((one) => `id: c\nevent: event\ndata: ${JSON.stringify(one)}\n\n`).join('');
    this.out!.enqueue(new TextEncoder().encode(text));
  }

  readonly fetch = async (input: string): Promise<Response> => {
    const url = new URL(input, 'http://x');
    this.asked.push(url.pathname);
    if (url.pathname === '/api/stream') {
      return new Response(new ReadableStream({ start: (controller) => void (this.out = controller) }));
    }
    return Response.json(this.answer(url));
  };

  private answer(url: URL): unknown {
    const id = Number(/\/runs\/(\d+)/.exec(url.pathname)?.[1]);
    if (url.pathname.endsWith('/events')) {
      const after = Number(url.searchParams.get('after'));
      return { events: this.events.filter((one) => one.run_id === id && one.seq > after), last_seq: 0 };
    }
    if (id) return { ...this.runs.find((one) => one.id === id), steps: [] };
    if (url.pathname === '/api/inputs') return { inputs: this.questions };
    if (url.pathname === '/api/runs') return { runs: [...this.runs].reverse() };
    return { id: 7, title: 't', slug: 't', lanes: [] };
  }
}

const LIMIT = { timeout: 2_000, interval: 5 };

describe('SessionStore', () => {
  let server: Server;
  let store: SessionStore;

  beforeEach(() => {
    server = new Server();
    store = new SessionStore(7);
    vi.stubGlobal('fetch', server.fetch);
    vi.stubGlobal('addEventListener', () => {});
    vi.stubGlobal('removeEventListener', () => {});
  });

  afterEach(() => {
    store.close();
    vi.unstubAllGlobals();
  });

  async function open(): Promise<void> {
    await store.open();
    await vi.waitFor(() => expect(store.stream.value.kind).toBe('live'), LIMIT);
  }

  const lines = (lane: string): string[] => {
    const buffer = store.lane(lane).log.value?.buffer;
    return Array.from({ length: buffer?.length ?? 0 }, (_, at) => buffer!.text(at));
  };

  test('lanes A to D are there before anything ran', async () => {
    await open();
    expect(store.lanes.value.map((lane) => lane.name)).toEqual(['A', 'B', 'C', 'D']);
  });

  test('a run in view gets its lines and its end from the stream alone', async () => {
    server.runs = [run(1, 'queued')];
    await open();
    server.send(event(1, 1, 'run.queued'), event(1, 2, 'run.started', { status: 'running' }), event(1, 3, 'log', {}, ['a', 'b']));
    server.send(event(1, 5, 'run.finished', { status: 'succeeded' }));
    await vi.waitFor(() => expect(store.lane('A').run.value?.status).toBe('succeeded'), LIMIT);
    expect(lines('A')).toEqual(['a', 'b', '✓ run succeeded']);
    expect(server.asked.filter((path) => path.endsWith('/events'))).toEqual([]);
  });

  test('a run that another client started appears by itself, with the lines sent before it was known', async () => {
    await open();
    server.runs = [run(5, 'running', 'B')];
    server.events = [event(5, 1, 'run.started', { status: 'running' }), event(5, 2, 'log', {}, ['early'])];
    server.send(...server.events);
    await vi.waitFor(() => expect(lines('B')).toEqual(['early']), LIMIT);
    server.send(event(5, 3, 'log', {}, ['late']));
    await vi.waitFor(() => expect(lines('B')).toEqual(['early', 'late']), LIMIT);
  });

  test('when the next run of a lane starts, the lane shows it', async () => {
    server.runs = [run(1, 'running'), run(2, 'blocked')];
    await open();
    server.send(event(2, 1, 'run.queued', { status: 'blocked' }), event(1, 1, 'log', {}, ['one']));
    await vi.waitFor(() => expect(lines('A')).toEqual(['one']), LIMIT);
    expect(store.lane('A').queued.value).toBe(1);
    server.send(event(1, 2, 'run.finished', { status: 'failed' }), event(2, 2, 'run.started', { status: 'running' }), event(2, 3, 'log', {}, ['two']));
    await vi.waitFor(() => expect(lines('A')).toEqual(['two']), LIMIT);
    expect(store.lane('A').queued.value).toBe(0);
  });

  test('an older run that is chosen is read back whole', async () => {
    server.runs = [run(1, 'succeeded'), run(2, 'running')];
    server.events = [event(1, 1, 'log', {}, ['old 1', 'old 2'])];
    await open();
    server.send(...server.events, event(2, 1, 'log', {}, ['new']));
    await vi.waitFor(() => expect(lines('A')).toEqual(['new']), LIMIT);
    store.lane('A').pinned.value = 1;
    await vi.waitFor(() => expect(lines('A')).toEqual(['old 1', 'old 2']), LIMIT);
  });

  test('what a tool asks appears with its event and is gone when anybody has answered', async () => {
    server.runs = [run(1, 'running')];
    await open();
    expect(store.lane('A').asked.value).toEqual([]);
    server.runs = [run(1, 'waiting')];
    server.questions = [question(3, 1), question(4, 99)];
    server.send(event(1, 1, 'input.requested', { id: 3, message: 'Who?' }), event(1, 2, 'run.waiting', { status: 'waiting' }));
    await vi.waitFor(() => expect(store.lane('A').asked.value.map(({ id }) => id)).toEqual([3]), LIMIT);
    await vi.waitFor(() => expect(store.lane('A').run.value?.status).toBe('waiting'), LIMIT);
    expect(questions.value.length).toBe(2);
    server.runs = [run(1, 'running')];
    // An answer of the API that was on its way still names it.
    server.send(event(1, 3, 'input.answered', { id: 3, by: 'ada', action: 'accept' }), event(1, 4, 'run.resumed', { status: 'running' }));
    await vi.waitFor(() => expect(store.lane('A').run.value?.status).toBe('running'), LIMIT);
    expect(store.lane('A').asked.value).toEqual([]);
    expect(lines('A')).toEqual(['▲ asks: Who?', '▲ answered by ada: accept']);
  });

  test('replayed beginnings do not reopen a run that has ended', async () => {
    server.runs = [run(1, 'canceled')];
    await open();
    server.send(event(1, 1, 'run.started', { status: 'running' }), event(1, 2, 'log', {}, ['x']));
    await vi.waitFor(() => expect(lines('A')).toEqual(['x']), LIMIT);
    expect(store.lane('A').run.value?.status).toBe('canceled');
  });
});
