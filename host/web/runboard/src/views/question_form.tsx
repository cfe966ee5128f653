// One question of a tool: a form from its schema, or an address to visit, and the three ways to answer.

import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { api, ApiError, type Reply } from '../api';
import { copyText } from '../clipboard';
import type { Question } from '../model';
import { dropQuestion, refreshQuestions } from '../question_store';
import {
  addressOf, contentOf, draftOf, fieldAt, fieldsOf, isVisit, messageOf, serverOf, urlTextOf,
  type Draft, type FormField,
} from '../questions';
import { Problem } from './status_mark';

type Problems = Record<string, string>;

/** Problems at their fields; those of no field that is shown stay with the message. */
function atFields(error: ApiError, fields: FormField[]): Problems {
  const problems: Problems = {};
  for (const { pointer, message } of error.problems) {
    const name = fieldAt(pointer);
    if (fields.some((field) => field.name === name)) problems[name] ??= message;
  }
  return problems;
}

export function QuestionForm({ question, lane }: { question: Question; lane: string }) {
  const visit = isVisit(question);
  const fields = useMemo(() => (visit ? [] : fieldsOf(question)), [question.id]);
  const draft = useSignal<Draft>(draftOf(fields));
  const problems = useSignal<Problems>({});
  const failure = useSignal<ApiError | null>(null);
  const sending = useSignal(false);
  const id = `question-${question.id}`;

  const send = async (reply: Reply): Promise<void> => {
    sending.value = true;
    failure.value = null;
    problems.value = {};
    try {
      await api.answerInput(question.id, reply);
      dropQuestion(question.id);
    } catch (error) {
      const problem = error instanceof ApiError ? error : new ApiError(0, 'internal', String(error), 'Reload the page.');
      problems.value = atFields(problem, fields);
      const first = fields.findIndex((field) => problems.value[field.name] !== undefined);
      if (first < 0) failure.value = problem;
      else document.getElementById(`${id}-${first}`)?.focus();
      if (problem.status === 409) refreshQuestions();
    } finally {
      sending.value = false;
    }
  };
  const accept = (event: Event): void => {
    event.preventDefault();
    void send(visit ? { action: 'accept' } : { action: 'accept', content: contentOf(fields, draft.value) });
  };

  return (
    <form
      class="question"
      aria-labelledby={`${id}-who`}
      data-testid={`ask-${lane}`}
      data-question={question.id}
      noValidate
      autocomplete="off"
      onSubmit={accept}
    >
      <p id={`${id}-who`} class="hint">
        <span aria-hidden="true">▲ </span>Server <b>{serverOf(question)}</b> asks in step <b>{question.step}</b> <span class="quiet">({question.tool})</span>
      </p>
      <p class="message asked">{messageOf(question)}</p>
      {visit ? <Visit question={question} /> : <Fields id={id} fields={fields} draft={draft} problems={problems.value} />}
      {failure.value !== null && <Problem message={failure.value.message} hint={failure.value.hint} onClose={() => (failure.value = null)} />}
      <div class="choices">
        <button type="submit" class="primary" disabled={sending.value} data-testid={`accept-${lane}`}>{visit ? 'Done' : 'Send'}</button>
        <button type="button" disabled={sending.value} title="Say no" data-testid={`decline-${lane}`} onClick={() => void send({ action: 'decline' })}>Decline</button>
        <button type="button" disabled={sending.value} title="No answer (cancel); the run goes on" data-testid={`dismiss-${lane}`} onClick={() => void send({ action: 'cancel' })}>Dismiss</button>
      </div>
      {!visit && <p class="hint">Never enter passwords or keys: the server reads the answer, and it is kept.</p>}
      {question.expires_at !== null && <p class="hint">Its process waits until {new Date(question.expires_at).toLocaleString()}.</p>}
    </form>
  );
}

/** Nothing is fetched from there, and nothing opens by itself. */
function Visit({ question }: { question: Question }) {
  const copied = useSignal(false);
  const url = urlTextOf(question);
  const address = addressOf(question);
  const [before, host, after] = address?.parts ?? [url, '', ''];
  return (
    <div class="visit">
      <p class="address" data-testid="visit-address">{before}<b>{host}</b>{after}</p>
      {address === null && <p class="message">That is no web address: do not open it.</p>}
      {address !== null && <p class="hint">Leads to <b>{address.host}</b>. Open it only if you know it.</p>}
      <div class="choices">
        <button type="button" onClick={() => void copyText(url).then((done) => (copied.value = done))}>{copied.value ? 'Copied' : 'Copy address'}</button>
        {address !== null && <a href={url} target="_blank" rel="noopener noreferrer" data-testid="visit-open">Open in a new tab</a>}
      </div>
    </div>
  );
}

interface FieldsProps {
  id: string;
  fields: FormField[];
  draft: { value: Draft };
  problems: Problems;
}

function Fields({ id, fields, draft, problems }: FieldsProps) {
  return (
    <div class="inputs">
      {fields.map((field, at) => (
        <Field
          key={field.name}
          id={`${id}-${at}`}
          field={field}
          value={draft.value[field.name] ?? ''}
          problem={problems[field.name]}
          set={(value) => void (draft.value = { ...draft.value, [field.name]: value })}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  id: string;
  field: FormField;
  value: string | string[];
  problem: string | undefined;
  set: (value: string | string[]) => void;
}

function Field({ id, field, value, problem, set }: FieldProps) {
  const note = problem ?? [field.description, field.limits].filter((part) => part !== '').join(' · ');
  const mark = field.required ? <span class="quiet"> required</span> : null;
  const shared = {
    id,
    'data-testid': `ask-field-${field.name}`,
    'aria-describedby': `${id}-note`,
  };
  const state = { 'aria-invalid': problem !== undefined, 'aria-required': field.required };
  return (
    <div class="input">
      {field.kind === 'choices' ? (
        <fieldset {...shared} tabIndex={-1}>
          <legend>{field.label}{mark}</legend>
          <Boxes field={field} chosen={Array.isArray(value) ? value : []} set={set} />
        </fieldset>
      ) : (
        <>
          <label for={id}>{field.label}{mark}</label>
          <Single shared={{ ...shared, ...state }} field={field} value={String(value)} set={set} />
        </>
      )}
      {note !== '' && <p id={`${id}-note`} class={problem ? 'message' : 'hint'} {...(problem ? { role: 'alert' } : {})}>{note}</p>}
    </div>
  );
}

function Single({ shared, field, value, set }: { shared: object; field: FormField; value: string; set: (value: string) => void }) {
  const onInput = (event: { currentTarget: { value: string } }): void => set(event.currentTarget.value);
  if (field.kind === 'choice' || field.kind === 'boolean') {
    const options = field.kind === 'choice' ? field.options : [{ value: 'true', title: 'yes' }, { value: 'false', title: 'no' }];
    return (
      <select {...shared} value={value} onChange={onInput}>
        <option value="">–</option>
        {options.map((option) => <option key={option.value} value={option.value}>{option.title}</option>)}
      </select>
    );
  }
  const number = field.kind === 'text' ? {} : { inputMode: field.kind === 'integer' ? ('numeric' as const) : ('decimal' as const) };
  return <input {...shared} {...number} type={field.kind === 'text' ? field.inputType : 'text'} value={value} spellcheck={false} onInput={onInput} />;
}

function Boxes({ field, chosen, set }: { field: FormField; chosen: string[]; set: (value: string[]) => void }) {
  const toggle = (value: string): void =>
    set(field.options.map((option) => option.value).filter((one) => (one === value) !== chosen.includes(one)));
  return (
    <>
      {field.options.map((option) => (
        <label key={option.value} class="box">
          <input type="checkbox" checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} /> {option.title}
        </label>
      ))}
    </>
  );
}
