import type { Decision } from '../api';
import type { LaneStore } from '../lane_store';
import { QuestionForm } from './question_form';

const CHOICES: { decision: Decision; word: string; what: string }[] = [
  { decision: 'retry', word: 'Retry', what: 'Run the step again' },
  { decision: 'skip', word: 'Skip', what: 'Go on with the next step' },
  { decision: 'fail', word: 'Fail', what: 'End the run as failed' },
];

/** A run that waits for a person: what it asks, and the answers there are. */
export function QuestionCard({ lane }: { lane: LaneStore }) {
  const asked = lane.asked.value;
  if (asked.length > 0) {
    return (
      <div class="questions" role="group" aria-label={`Lane ${lane.name} needs an answer`} data-testid={`questions-${lane.name}`}>
        {asked.map((question) => <QuestionForm key={question.id} question={question} lane={lane.name} />)}
      </div>
    );
  }
  const run = lane.run.value;
  if (run?.status !== 'waiting') return null;
  if (lane.steps.value.some(({ status }) => status === 'interrupted')) return <DecisionCard lane={lane} />;
  return <p class="question">{lane.question.value ?? 'The run waits.'}</p>;
}

/** A step whose outcome nobody knows: a person says how the run goes on. */
function DecisionCard({ lane }: { lane: LaneStore }) {
  const run = lane.run.value;
  const step = lane.steps.value.find(({ status }) => status === 'interrupted');
  const question = lane.question.value ?? run?.error ?? step?.error ?? 'A step was interrupted. How should the run go on?';
  return (
    <div class="question" role="group" aria-label={`Lane ${lane.name} needs an answer`} data-testid={`question-${lane.name}`}>
      <p class="message">{question}</p>
      {run?.hint && <p class="hint">{run.hint}</p>}
      <div class="choices">
        {CHOICES.map(({ decision, word, what }) => (
          <button
            key={decision}
            type="button"
            title={what}
            disabled={lane.sending.value}
            data-testid={`${decision}-${lane.name}`}
            onClick={() => void lane.answer(decision)}
          >
            {word}
          </button>
        ))}
      </div>
    </div>
  );
}
