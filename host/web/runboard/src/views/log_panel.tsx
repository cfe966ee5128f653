// The log of the run in view, with its small set of tools.

import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../api';
import { copyText } from '../clipboard';
import type { LaneStore } from '../lane_store';
import { wrapLines } from '../prefs';
import { LogView, type LogState } from './log_view';

export function LogPanel({ lane }: { lane: LaneStore }) {
  const scroller = useRef<HTMLDivElement>(null);
  const view = useRef<LogView | null>(null);
  const state = useSignal<LogState>({ following: true, unseen: 0 });
  const copied = useSignal(false);

  useEffect(() => {
    const made = new LogView(scroller.current!, (next) => {
      const old = state.peek();
      if (old.following !== next.following || old.unseen !== next.unseen) state.value = next;
    });
    view.current = made;
    made.show(lane.log.peek(), lane.stepFilter.peek(), wrapLines.peek());
    return () => made.close();
  }, [lane]);
  useSignalEffect(() => {
    view.current?.show(lane.log.value, lane.stepFilter.value, wrapLines.value);
  });
  useSignalEffect(() => {
    const log = lane.log.value;
    if (log === null) return;
    if (log.version.value >= 0) view.current?.grew();
    scroller.current?.setAttribute('data-lines', String(log.buffer.printed));
  });

  const copy = async (): Promise<void> => {
    copied.value = await copyText(view.current?.text() ?? '');
    setTimeout(() => (copied.value = false), 1_500);
  };

  return (
    <div class="log-panel">
      <LogTools lane={lane} copied={copied.value} copy={copy} />
      <div
        ref={scroller}
        class="log"
        role="log"
        aria-live="off"
        aria-label={`Log of lane ${lane.name}`}
        tabIndex={0}
        data-testid={`log-${lane.name}`}
      />
      {!state.value.following && (
        <button type="button" class="pill" data-testid={`follow-${lane.name}`} onClick={() => view.current?.follow()}>
          {state.value.unseen > 0 ? `${state.value.unseen.toLocaleString()} new lines ↓` : 'Follow ↓'}
        </button>
      )}
    </div>
  );
}

function LogTools({ lane, copied, copy }: { lane: LaneStore; copied: boolean; copy: () => Promise<void> }) {
  const log = lane.log.value;
  const run = lane.run.value;
  const filter = lane.stepFilter.value;
  const dropped = log !== null && log.version.value >= 0 ? log.buffer.dropped : 0;
  return (
    <div class="log-tools">
      <span class="label">Log</span>
      {filter !== null && (
        <button type="button" class="chip" onClick={() => (lane.stepFilter.value = null)} title="Show all steps">
          step {filter} <span aria-hidden="true">×</span>
          <span class="sr">, show all steps</span>
        </button>
      )}
      {log?.loading.value && <span class="quiet">loading…</span>}
      {dropped > 0 && run !== null && (
        <span class="quiet">
          older lines: <a href={api.logUrl(run.id)} target="_blank" rel="noopener">plain log</a>
        </span>
      )}
      <span class="grow" />
      <button type="button" class="tool" aria-pressed={wrapLines.value} onClick={() => (wrapLines.value = !wrapLines.value)}>
        wrap
      </button>
      <button type="button" class="tool" onClick={() => void copy()}>
        {copied ? 'copied' : 'copy'}
      </button>
      {run !== null && (
        <a class="tool" href={api.logUrl(run.id)} target="_blank" rel="noopener" title="The whole log as plain text">
          plain
        </a>
      )}
    </div>
  );
}
