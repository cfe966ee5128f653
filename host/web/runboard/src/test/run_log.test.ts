import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../model';
import { RunLog } from '../run_log';

function log(seq: number, ...lines: string[]): RunEvent {
  return {
    run_id: 1, seq, last_seq: seq + lines.length - 1, kind: 'log', step: 'build',
    at: '2026-01-01T00:00:00Z', data: { stream: 'stdout' }, lines,
  };
}

const texts = (run: RunLog): string[] =>
  Array.from({ length: run.buffer.length }, (_, at) => run.buffer.text(at));

const noPages = async (): Promise<RunEvent[]> => [];

async function settled(run: RunLog): Promise<void> {
  for (let turn = 0; turn < 50 && run.loading.value; turn++) await Promise.resolve();
}

describe('RunLog', () => {
  test('takes every line once, whatever is repeated', () => {
    const run = new RunLog(1, 0, noPages);
    for (const event of [log(1, 'a', 'b'), log(1, 'a', 'b'), log(3, 'c'), log(2, 'b', 'c')]) run.accept(event);
    expect(texts(run)).toEqual(['a', 'b', 'c']);
  });

  test('a chunk that begins with known lines adds only the new ones', () => {
    const run = new RunLog(1, 0, noPages);
    run.accept(log(1, 'a', 'b'));
    run.accept(log(1, 'a', 'b', 'c'));
    expect(texts(run)).toEqual(['a', 'b', 'c']);
    expect(run.seq).toBe(3);
  });

  test('a gap is read from the server, and what came meanwhile follows it', async () => {
    const asked: number[] = [];
    const run = new RunLog(1, 0, async (after) => {
      asked.push(after);
      return after < 4 ? [log(after + 1, `line ${after + 1}`)] : [];
    });
    run.accept(log(1, 'line 1'));
    run.accept(log(4, 'line 4'));
    run.accept(log(5, 'line 5'));
    await settled(run);
    expect(asked).toEqual([1, 2, 3, 4]);
    expect(texts(run)).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
  });

  test('the tail of a long log starts near its end and says what is missing', () => {
    const run = RunLog.tail(1, 1_000_000, noPages);
    expect(run.seq).toBe(800_000);
    expect(run.buffer.dropped).toBe(800_000);
  });

  test('steps and the end are marked in the log but not counted as printed', () => {
    const run = new RunLog(1, 0, noPages);
    const mark = { ...log(1, ''), lines: [], last_seq: 1 };
    run.accept({ ...mark, kind: 'step.started', data: { id: 'build', tool: 'exec.run' } });
    run.accept(log(2, 'out'));
    run.accept({ ...mark, seq: 3, last_seq: 3, kind: 'step.finished', data: { status: 'failed', error: 'exit 2' } });
    const end = { ...mark, seq: 4, last_seq: 4, kind: 'run.finished', data: { status: 'failed' } };
    expect([run.accept(end), run.accept(end)]).toEqual([true, false]);
    expect(texts(run)).toEqual(['▸ build  exec.run', 'out', '✕ build  failed', 'exit 2', '✕ run failed']);
    expect(run.buffer.printed).toBe(1);
  });
});
