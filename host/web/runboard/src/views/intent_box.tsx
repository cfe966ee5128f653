// Says what the lane shall do next: a runbook's name, or an intent the server matches to one.

import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { loadRunbooks, runbooks } from '../app_store';
import { fieldsOf, fill, named } from '../inputs';
import { focusedLane } from '../keys';
import type { LaneStore } from '../lane_store';
import { isTerminal } from '../model';
import { recall, remember } from '../prefs';
import { InputsForm } from './inputs_form';

export function IntentBox({ lane }: { lane: LaneStore }) {
  const intent = lane.draft;
  const texts = useSignal<Record<string, string>>({});
  const problems = useSignal<Record<string, string>>({});
  const runbook = useComputed(() => named(runbooks.value, intent.value));
  const fields = runbook.value === null ? [] : fieldsOf(runbook.value);

  useSignalEffect(() => {
    // What was told last time is most often what is wanted this time.
    if (runbook.value !== null) texts.value = recall(`inputs.${runbook.value.name}`, {});
    problems.value = {};
  });

  const play = async (event: Event): Promise<void> => {
    event.preventDefault();
    const text = intent.value.trim();
    if (text === '') return;
    const filled = fill(fields, texts.value);
    problems.value = filled.problems;
    const wrong = Object.keys(filled.problems)[0];
    if (wrong !== undefined) return document.getElementById(`input-${lane.name}-${wrong}`)?.focus();
    const chosen = runbook.value;
    const extra = chosen === null ? {} : { runbook: chosen.name, inputs: filled.inputs };
    if (chosen !== null) remember(`inputs.${chosen.name}`, texts.value);
    // Emptied at once, so that the next one can be typed meanwhile; given back when it was refused.
    intent.value = '';
    if (!(await lane.play({ intent: text, ...extra })) && intent.value === '') intent.value = text;
  };

  const run = lane.latest.value;
  const busy = run !== null && !isTerminal(run.status);
  return (
    <form class="intent" onSubmit={(event) => void play(event)} autocomplete="off">
      <div class="intent-row">
        <label class="sr" for={`intent-${lane.name}`}>Intent for lane {lane.name}</label>
        <input
          id={`intent-${lane.name}`}
          data-testid={`intent-${lane.name}`}
          list="runbooks"
          placeholder={busy ? 'Next for this lane' : 'Runbook or intent'}
          value={intent.value}
          spellcheck={false}
          onFocus={() => {
            focusedLane.value = lane.name;
            void loadRunbooks();
          }}
          onInput={(event) => (intent.value = event.currentTarget.value)}
        />
        <button
          type="submit"
          class="play"
          data-testid={`play-${lane.name}`}
          disabled={intent.value.trim() === ''}
          title={busy ? 'Runs after what the lane is doing now' : 'Run it in this lane (Enter)'}
        >
          <span aria-hidden="true">▶</span> {busy ? 'Queue' : 'Play'}
        </button>
      </div>
      {runbook.value !== null && <p class="hint one-line">{runbook.value.description}</p>}
      {fields.length > 0 && <InputsForm lane={lane.name} fields={fields} texts={texts} problems={problems.value} />}
    </form>
  );
}
