// One lane: what it is doing, what to do next, and everything it prints and changes.

import { useEffect } from 'preact/hooks';
import { elapsed, keepTicking } from '../clock';
import { confirmCancel, focusedLane, solo } from '../keys';
import type { LaneStore } from '../lane_store';
import { isActive, isTerminal, type Run } from '../model';
import { lookOf, lookOfRun } from '../status';
import { DiffPanel } from './diff_panel';
import { EmptyLane } from './empty_lane';
import { IntentBox } from './intent_box';
import { LogPanel } from './log_panel';
import { QuestionCard } from './question_card';
import { Problem, StatusMark } from './status_mark';
import { Steps } from './steps';

export function Lane({ lane, slug, hidden }: { lane: LaneStore; slug: string; hidden: boolean }) {
  const run = lane.run.value;
  const active = run !== null && isActive(run.status);
  useEffect(() => (active ? keepTicking() : undefined), [active]);
  const problem = lane.problem.value;
  const focused = focusedLane.value === lane.name;
  return (
    <section
      id={`lane-${lane.name}`}
      class={`lane ${lookOfRun(run).tone}${focused ? ' focused' : ''}`}
      aria-labelledby={`lane-title-${lane.name}`}
      tabIndex={-1}
      hidden={hidden}
      data-testid={`lane-${lane.name}`}
      onFocusCapture={() => (focusedLane.value = lane.name)}
      onPointerDown={() => (focusedLane.value = lane.name)}
    >
      <LaneHead lane={lane} run={run} />
      <IntentBox lane={lane} />
      {problem !== null && <Problem message={problem.message} hint={problem.hint} onClose={() => (lane.problem.value = null)} />}
      <QuestionCard lane={lane} />
      {run === null ? <EmptyLane lane={lane} slug={slug} /> : <LaneBody lane={lane} run={run} />}
      <p class="sr" role="status">{run === null ? '' : `Lane ${lane.name}: ${lookOf(run.status).word}`}</p>
    </section>
  );
}

function LaneHead({ lane, run }: { lane: LaneStore; run: Run | null }) {
  const branch = lane.diff.value?.branch;
  return (
    <header class="lane-head">
      <div class="lane-line">
        <h2 id={`lane-title-${lane.name}`}><span class="sr">Lane </span>{lane.name}</h2>
        <StatusMark look={lookOfRun(run)} testid={`status-${lane.name}`} />
        {run !== null && <span class="time">{elapsed(run.started_at, run.finished_at)}</span>}
        {lane.queued.value > 0 && <span class="badge" data-testid={`queued-${lane.name}`}>{lane.queued.value} queued</span>}
        <span class="grow" />
        <CancelButton lane={lane} run={run} />
        <button
          type="button"
          class="tool wide-only"
          aria-pressed={solo.value}
          title={solo.value ? 'Show all lanes (0)' : `Only lane ${lane.name}`}
          aria-label={solo.value ? 'Show all lanes' : `Show only lane ${lane.name}`}
          onClick={() => {
            focusedLane.value = lane.name;
            solo.value = !solo.value;
          }}
        >
          {solo.value ? '⤡' : '⤢'}
        </button>
      </div>
      {run !== null && (
        <div class="lane-line second">
          <span class="runbook" title={run.intent}>{run.runbook || run.intent}</span>
          {branch && <span class="branch" title={`branch ${branch}`}>{branch}</span>}
          <span class="grow" />
          <History lane={lane} run={run} />
        </div>
      )}
    </header>
  );
}

function CancelButton({ lane, run }: { lane: LaneStore; run: Run | null }) {
  if (run === null || isTerminal(run.status)) return null;
  const canceling = lane.isCanceling.value;
  const asked = confirmCancel.value === lane.name;
  return (
    <button
      type="button"
      class="cancel"
      aria-pressed={canceling}
      disabled={canceling}
      data-testid={`cancel-${lane.name}`}
      onClick={() => void lane.cancel()}
    >
      {canceling ? 'cancelling…' : asked ? 'x again to cancel' : 'Cancel'}
    </button>
  );
}

function History({ lane, run }: { lane: LaneStore; run: Run }) {
  const runs = lane.runs.value;
  const about = [`run ${run.id}`, run.claimed_by ?? '', run.attempt > 1 ? `attempt ${run.attempt}` : ''].filter((part) => part !== '').join(', ');
  if (runs.length < 2) return <span class="quiet" title={about}>#{run.id}</span>;
  const choose = (id: number): void => void (lane.pinned.value = id === lane.latest.value?.id ? null : id);
  return (
    <span class="history">
      <span aria-hidden="true">#{run.id} ▾</span>
      <select
        aria-label={`Runs of lane ${lane.name}`}
        title={`${about}; ${runs.length} runs`}
        data-testid={`history-${lane.name}`}
        value={run.id}
        onChange={(event) => choose(Number(event.currentTarget.value))}
      >
        {runs.map((other) => (
          <option key={other.id} value={other.id}>
            #{other.id} {lookOf(other.status).icon} {lookOf(other.status).word} · {other.runbook || other.intent}
          </option>
        ))}
      </select>
    </span>
  );
}

function LaneBody({ lane, run }: { lane: LaneStore; run: Run }) {
  const latest = lane.latest.value;
  // Said once: by the step where it happened, or here.
  const told = lane.steps.value.some((step) => step.error !== null && step.error === run.error);
  return (
    <div class="lane-body">
      <div class="lane-main">
        {latest !== null && latest.id !== run.id && (
          <p class="past">
            You are looking at run #{run.id}.{' '}
            <button type="button" class="link" onClick={() => (lane.pinned.value = null)}>Show #{latest.id}, {lookOf(latest.status).word}</button>
          </p>
        )}
        {run.error && run.status !== 'waiting' && run.status !== 'canceled' && !told && <Problem message={run.error} hint={run.hint} />}
        <Steps lane={lane} />
        <LogPanel lane={lane} />
      </div>
      <DiffPanel lane={lane} />
    </div>
  );
}
