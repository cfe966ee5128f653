// The steps of the run in view; a step is also the switch that narrows the log to it.

import { elapsed } from '../clock';
import type { LaneStore, Progress } from '../lane_store';
import type { Step } from '../model';
import { lookOf } from '../status';

export function Steps({ lane }: { lane: LaneStore }) {
  const steps = lane.steps.value;
  if (steps.length === 0) return null;
  return (
    <ol class="steps" aria-label={`Steps of lane ${lane.name}`} data-testid={`steps-${lane.name}`}>
      {steps.map((step) => (
        <StepRow key={step.id} lane={lane} step={step} progress={lane.progress.value.get(step.id) ?? null} />
      ))}
    </ol>
  );
}

function StepRow({ lane, step, progress }: { lane: LaneStore; step: Step; progress: Progress | null }) {
  const look = lookOf(step.status);
  const chosen = lane.stepFilter.value === step.id;
  const toggle = (): void => void (lane.stepFilter.value = chosen ? null : step.id);
  const isRunning = step.status === 'running';
  return (
    <li class={`step ${look.tone}`} data-testid={`step-${lane.name}-${step.id}`} data-status={step.status}>
      <button type="button" class="step-row" aria-pressed={chosen} onClick={toggle} title="Show only this step's log">
        <span class="icon" aria-hidden="true">{look.icon}</span>
        <span class="step-id">{step.id}</span>
        <span class="step-tool">{step.tool}</span>
        {step.status === 'running' || step.status === 'succeeded' ? <span class="sr">{look.word}</span> : <span class="step-word">{look.word}</span>}
        {step.tries > 1 && <span class="step-word">try {step.tries}</span>}
        <span class="time">{elapsed(step.started_at, isRunning ? null : step.finished_at)}</span>
      </button>
      {isRunning && progress !== null && <ProgressLine progress={progress} />}
      {step.error && step.status !== 'canceled' && (
        <div class="step-error">
          <p class="message">{step.error}</p>
          {step.hint && <p class="hint">{step.hint}</p>}
        </div>
      )}
    </li>
  );
}

function ProgressLine({ progress: { done, total, message } }: { progress: Progress }) {
  return (
    <div class="progress">
      {total ? <progress value={done} max={total} aria-label="Progress" /> : null}
      <span>{[total ? `${done} of ${total}` : '', message].filter((part) => part !== '').join(' · ')}</span>
    </div>
  );
}
