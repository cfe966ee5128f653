import { describe, expect, test } from 'vitest';
import { cut, plain, spans, visible } from '../ansi';

describe('ansi', () => {
  test('colours become class names and text stays text', () => {
    expect(spans('\x1b[1;31mred\x1b[0m <b>&')).toEqual([
      { text: 'red', classes: 'fg1 bold' },
      { text: ' <b>&', classes: '' },
    ]);
  });

  test('256 and true colours take the nearest of sixteen', () => {
    expect(spans('\x1b[38;5;196mx')[0]!.classes).toBe('fg9');
    expect(spans('\x1b[38;2;0;200;0mx')[0]!.classes).toBe('fg2');
    expect(spans('\x1b[48;5;4mx')[0]!.classes).toBe('bg4');
  });

  test('no escape, title or link survives, nor half a one at the end', () => {
    const raw = '\x1b]0;title\x07a\x1b[2K\x1b]8;;http://x\x1b\\b\x1b]8;;\x1b\\\x1b(B\x1b[?25lc\x1b[3';
    expect(plain(raw)).toBe('abc');
    expect(spans(raw).map((span) => span.text).join('')).toBe('abc');
  });

  test('controls vanish and characters that reorder text are shown', () => {
    expect(plain('a\x00\x08\u202eb')).toBe('a\ufffdb');
  });

  test('a line that was overwritten shows what a terminal would', () => {
    expect(plain('10%\r50%\r100%')).toBe('100%');
    expect(plain('windows\r')).toBe('windows');
  });

  test('a reviewer sees carriage returns instead of losing text to them', () => {
    expect(visible('safe\revil')).toBe('safe␍evil');
  });

  test('tabs go to the next stop, also after a coloured start', () => {
    expect(plain('ab\tc')).toBe('ab      c');
    expect(spans('\x1b[32mab\x1b[0m\tc').map((span) => span.text).join('')).toBe('ab      c');
  });

  test('a cut keeps looks and columns', () => {
    expect(cut(spans('\x1b[31mabc\x1b[0mdef'), 2, 5)).toEqual([
      { text: 'c', classes: 'fg1' },
      { text: 'de', classes: '' },
    ]);
  });
});
