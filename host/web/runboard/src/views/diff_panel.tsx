// The lane's latest diff, live: which files, how much, and the hunks of those that are opened.

import { useSignal, type Signal } from '@preact/signals';
import { visible } from '../ansi';
import { timeOfDay } from '../clock';
import type { LaneStore } from '../lane_store';
import type { Diff, DiffFile } from '../model';
import { Problem } from './status_mark';

// Small files open by themselves until the panel holds about a screen; big ones wait to be asked.
const OPEN_FILE_LINES = 120;
const OPEN_TOTAL_LINES = 300;
const SHOWN_LINES = 2_000;

const WORDS: Record<string, [string, string]> = {
  A: ['A', 'added'], M: ['M', 'modified'], D: ['D', 'deleted'], R: ['R', 'renamed'], C: ['C', 'copied'], T: ['T', 'type changed'],
};

export function DiffPanel({ lane }: { lane: LaneStore }) {
  const open = useSignal(true);
  const toggled = useSignal<Record<string, boolean>>({});
  const diff = lane.diff.value;
  const empty = diff === null || diff.files.length === 0;
  return (
    <section class={open.value && !empty ? 'diff open' : 'diff'} aria-label={`Changes in lane ${lane.name}`} data-testid={`diff-${lane.name}`}>
      <button type="button" class="diff-head" aria-expanded={open.value && !empty} disabled={empty} onClick={() => (open.value = !open.value)}>
        <span class="label">Changes</span>
        {empty ? <span class="quiet">none so far</span> : <Summary diff={diff} />}
      </button>
      {lane.diffProblem.value && <Problem message={lane.diffProblem.value.message} hint={lane.diffProblem.value.hint} />}
      {open.value && !empty && <Files diff={diff} toggled={toggled} />}
    </section>
  );
}

function Summary({ diff }: { diff: Diff }) {
  const added = diff.files.reduce((sum, file) => sum + file.added, 0);
  const deleted = diff.files.reduce((sum, file) => sum + file.deleted, 0);
  return (
    <>
      <span>{diff.files.length} {diff.files.length === 1 ? 'file' : 'files'}</span>
      <Counts added={added} deleted={deleted} />
      <span class="grow" />
      <span class="quiet time">{timeOfDay(Date.parse(diff.updated_at))}</span>
    </>
  );
}

function Counts({ added, deleted }: { added: number; deleted: number }) {
  return (
    <span class="counts">
      <span class="plus">+{added}</span> <span class="minus">−{deleted}</span>
    </span>
  );
}

function Files({ diff, toggled }: { diff: Diff; toggled: Signal<Record<string, boolean>> }) {
  let total = 0;
  return (
    <div class="files" tabIndex={0} role="group" aria-label="Changed files">
      {diff.files.map((file) => {
        const lines = linesOf(file);
        const fits = !file.binary && lines <= OPEN_FILE_LINES && total + lines <= OPEN_TOTAL_LINES;
        const isOpen = toggled.value[file.path] ?? fits;
        if (isOpen) total += lines;
        const toggle = (): void => void (toggled.value = { ...toggled.value, [file.path]: !isOpen });
        return <File key={file.path} file={file} lines={lines} open={isOpen} toggle={toggle} />;
      })}
      {diff.truncated && <p class="quiet note">The diff is cut here: it is too big to show whole. The lane's branch has all of it.</p>}
    </div>
  );
}

const linesOf = (file: DiffFile): number => file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);

interface FileProps {
  file: DiffFile;
  lines: number;
  open: boolean;
  toggle: () => void;
}

function File({ file, lines, open, toggle }: FileProps) {
  const [letter, word] = WORDS[file.status.charAt(0).toUpperCase()] ?? ['M', file.status];
  const slash = file.path.lastIndexOf('/') + 1;
  return (
    <div class="file" data-path={file.path}>
      <button type="button" class="file-head" aria-expanded={open} onClick={toggle} title={file.path}>
        <span class={`letter ${letter}`} title={word}>{letter}</span>
        <span class="path"><span class="folder">{visible(file.path.slice(0, slash))}</span>{visible(file.path.slice(slash))}</span>
        {file.binary ? <span class="quiet">binary</span> : <Counts added={file.added} deleted={file.deleted} />}
        {!open && lines > OPEN_FILE_LINES && <span class="quiet">{lines.toLocaleString()} lines</span>}
      </button>
      {open && <Hunks file={file} lines={lines} />}
    </div>
  );
}

function Hunks({ file, lines }: { file: DiffFile; lines: number }) {
  if (file.binary) return <p class="quiet note">A binary file: its bytes are not shown.</p>;
  if (lines === 0) return <p class="quiet note">No lines changed (an empty file, a rename or a mode).</p>;
  let left = SHOWN_LINES;
  return (
    <div class="hunks" tabIndex={0} role="group" aria-label={`Changes of ${file.path}`}>
      {file.hunks.map((hunk, at) => {
        const shown = hunk.lines.slice(0, Math.max(0, left));
        left -= hunk.lines.length;
        if (shown.length === 0) return null;
        return (
          <div class="hunk" key={at}>
            <div class="hunk-head">{visible(hunk.header)}</div>
            {shown.map((line, row) => (
              <div class={line.kind === '+' ? 'dl add' : line.kind === '-' ? 'dl del' : 'dl'} key={row}>
                <span class="no">{line.old ?? ''}</span>
                <span class="no">{line.new ?? ''}</span>
                <span class="sign">{line.kind === '-' ? '−' : line.kind}</span>
                <span class="code">{visible(line.text)}</span>
              </div>
            ))}
          </div>
        );
      })}
      {lines > SHOWN_LINES && <p class="quiet note">{(lines - SHOWN_LINES).toLocaleString()} more lines are not shown.</p>}
    </div>
  );
}
