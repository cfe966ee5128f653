import { describe, expect, test } from 'vitest';
import { LineKind, LogBuffer } from '../log_buffer';
import { LogRows } from '../log_rows';

function filled(limit: number, ...lines: [string, string][]): LogBuffer {
  const buffer = new LogBuffer(limit);
  for (const [step, text] of lines) buffer.append([text], LineKind.Out, step);
  return buffer;
}

describe('LogBuffer', () => {
  test('stays bounded and says how many lines went', () => {
    const buffer = new LogBuffer(100);
    for (let line = 0; line < 1_000; line++) buffer.append([`${line}`], LineKind.Out, 's');
    expect(buffer.length).toBeLessThanOrEqual(110);
    expect(buffer.dropped + buffer.length).toBe(1_000);
    expect(buffer.text(buffer.length - 1)).toBe('999');
    expect(buffer.text(0)).toBe(String(buffer.dropped));
  });
});

describe('LogRows', () => {
  test('shows every line as one row by default', () => {
    const rows = new LogRows(filled(10, ['a', 'x'], ['b', 'y']));
    rows.update();
    expect(rows.length).toBe(2);
    expect(rows.at(1).line).toBe(1);
  });

  test('a step filter keeps the lines of that step, also new ones', () => {
    const buffer = filled(10, ['a', '0'], ['b', '1'], ['a', '2']);
    const rows = new LogRows(buffer);
    rows.configure('a', 0);
    rows.update();
    buffer.append(['3', '4'], LineKind.Out, 'a');
    rows.update();
    expect(Array.from({ length: rows.length }, (_, row) => rows.at(row).line)).toEqual([0, 2, 3, 4]);
  });

  test('a wrapped line is as many rows as its visible text needs', () => {
    const buffer = filled(10, ['a', '\x1b[31m' + 'x'.repeat(25) + '\x1b[0m'], ['a', 'short']);
    const rows = new LogRows(buffer);
    rows.configure(null, 10);
    rows.update();
    expect(rows.length).toBe(4);
    expect(rows.at(2)).toEqual({ line: 0, from: 20, to: 30 });
    expect(rows.at(3)).toEqual({ line: 1, from: 0, to: 10 });
  });

  test('dropped lines shift the rows and are reported', () => {
    const buffer = new LogBuffer(100);
    const rows = new LogRows(buffer);
    rows.configure('even', 0);
    let lost = 0;
    for (let line = 0; line < 300; line++) {
      buffer.append([`${line}`], LineKind.Out, line % 2 === 0 ? 'even' : 'odd');
      lost += rows.update();
    }
    expect(lost + rows.length).toBe(150);
    expect(buffer.text(rows.at(rows.length - 1).line)).toBe('298');
  });
});
