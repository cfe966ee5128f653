// Turns a raw log line into plain spans of text with class names. Called only for lines that are being
// drawn, so it may be thorough. Colours of 256 and true-colour codes are mapped to the sixteen of the
// theme: those are the ones whose contrast is known in light and dark.

export interface Span {
  text: string;
  classes: string;
}

interface Style {
  fg: number | null;
  bg: number | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

const ESCAPE =
  /\x1b\[([0-9:;<=>?]*)[ -/]*([@-~]|$)|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?|\x9b[0-9;]*[@-~]?/g;
// Controls vanish; characters that reorder text are shown as such instead of acted upon.
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const REORDER = /[\u202a-\u202e\u2066-\u2069]/g;
const TAB = 8;

/** What a terminal would still show of a line that was overwritten with carriage returns. */
export function lastPass(raw: string): string {
  if (!raw.includes('\r')) return raw;
  const passes = raw.split('\r').filter((pass) => pass !== '');
  return passes[passes.length - 1] ?? '';
}

function clean(text: string): string {
  return text.replace(CONTROL, '').replace(REORDER, '\ufffd');
}

/** The visible text, for copying, measuring and searching. */
export function plain(raw: string): string {
  const line = lastPass(raw);
  return expandTabs(clean(line.includes('\x1b') || line.includes('\x9b') ? line.replace(ESCAPE, '') : line), 0);
}

/** Text of a file as a reviewer must see it: nothing overwritten, nothing reordered, line ends in view. */
export function visible(text: string): string {
  return expandTabs(clean(text.replace(/\r/g, '␍')), 0);
}

function expandTabs(text: string, column: number): string {
  if (!text.includes('\t')) return text;
  let out = '';
  for (const part of text.split(/(\t)/)) {
    out += part === '\t' ? ' '.repeat(TAB - ((column + out.length) % TAB)) : part;
  }
  return out;
}

/** The visible text cut into spans of one look each. */
export function spans(raw: string): Span[] {
  const line = lastPass(raw);
  const found: Span[] = [];
  const style: Style = { fg: null, bg: null, bold: false, dim: false, italic: false, underline: false };
  let column = 0;
  const add = (part: string): void => {
    const text = expandTabs(clean(part), column);
    if (text === '') return;
    column += text.length;
    found.push({ text, classes: classesOf(style) });
  };
  let from = 0;
  for (const match of line.matchAll(ESCAPE)) {
    add(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') select(style, match[1] ?? '');
  }
  add(line.slice(from));
  return found;
}

/** The part of the spans between two columns: one visual row of a wrapped line. */
export function cut(all: Span[], from: number, to: number): Span[] {
  const part: Span[] = [];
  let at = 0;
  for (const span of all) {
    const text = span.text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (text !== '') part.push({ text, classes: span.classes });
    at += span.text.length;
    if (at >= to) break;
  }
  return part;
}

function classesOf(style: Style): string {
  const names: string[] = [];
  if (style.fg !== null) names.push(`fg${style.fg}`);
  if (style.bg !== null) names.push(`bg${style.bg}`);
  if (style.bold) names.push('bold');
  if (style.dim) names.push('dim');
  if (style.italic) names.push('italic');
  if (style.underline) names.push('underline');
  return names.join(' ');
}

function select(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map((code) => Number(code) || 0);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, at + 1);
      if (code === 38) style.fg = colour;
      else style.bg = colour;
      at += used;
    } else simple(style, code);
  }
}

function simple(style: Style, code: number): void {
  if (code === 0) Object.assign(style, { fg: null, bg: null, bold: false, dim: false, italic: false, underline: false });
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4) style.underline = true;
  else if (code === 22) style.bold = style.dim = false;
  else if (code === 23) style.italic = false;
  else if (code === 24) style.underline = false;
  else if (code >= 30 && code <= 37) style.fg = code - 30;
  else if (code === 39) style.fg = null;
  else if (code >= 40 && code <= 47) style.bg = code - 40;
  else if (code === 49) style.bg = null;
  else if (code >= 90 && code <= 97) style.fg = code - 82;
  else if (code >= 100 && code <= 107) style.bg = code - 92;
}

/** `5;N` or `2;R;G;B` after 38 or 48: the colour and how many codes it took. */
function extended(codes: number[], at: number): [number | null, number] {
  if (codes[at] === 5) return [fromCube(codes[at + 1] ?? 0), 2];
  if (codes[at] === 2) return [nearest(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [null, 0];
}

function fromCube(code: number): number {
  if (code < 16) return code;
  if (code >= 232) {
    const grey = 8 + (code - 232) * 10;
    return nearest(grey, grey, grey);
  }
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const cube = code - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const PALETTE: readonly (readonly [number, number, number])[] = [
  [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
  [127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0], [92, 92, 255], [255, 0, 255], [0, 255, 255], [255, 255, 255],
];

function nearest(r: number, g: number, b: number): number {
  let best = 0;
  let least = Infinity;
  PALETTE.forEach(([pr, pg, pb], index) => {
    const distance = (r - pr) ** 2 + (g - pg) ** 2 + (b - pb) ** 2;
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}
