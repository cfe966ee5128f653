// A runbook's inputs as fields, from its JSON Schema.

import type { Signal } from '@preact/signals';
import { asText, type Field } from '../inputs';

interface Form {
  lane: string;
  fields: Field[];
  texts: Signal<Record<string, string>>;
  problems: Record<string, string>;
}

export function InputsForm(form: Form) {
  const required = form.fields.filter((field) => field.required);
  const optional = form.fields.filter((field) => !field.required);
  return (
    <div class="inputs">
      {required.map((field) => <Input key={field.name} form={form} field={field} />)}
      {optional.length > 0 && (
        <details open={required.length === 0 && optional.length <= 2}>
          <summary>{required.length > 0 ? `${optional.length} more` : `${optional.length} optional`}</summary>
          {optional.map((field) => <Input key={field.name} form={form} field={field} />)}
        </details>
      )}
    </div>
  );
}

function Input({ form, field }: { form: Form; field: Field }) {
  const problem = form.problems[field.name];
  const id = `input-${form.lane}-${field.name}`;
  return (
    <div class="input">
      <label for={id} title={field.schema.description ?? ''}>
        {field.schema.title ?? field.name}
        {field.required && <span class="quiet"> required</span>}
      </label>
      <Control id={id} form={form} field={field} />
      {(problem ?? field.schema.description) && (
        <p id={`${id}-note`} class={problem ? 'message' : 'hint'}>{problem ?? field.schema.description}</p>
      )}
    </div>
  );
}

function Control({ id, form, field }: { id: string; form: Form; field: Field }) {
  const { schema, kind, name } = field;
  const text = form.texts.value[name] ?? asText(schema.default);
  const set = (value: string): void => void (form.texts.value = { ...form.texts.value, [name]: value });
  const shared = {
    id,
    'data-testid': id,
    'aria-invalid': form.problems[name] !== undefined,
    'aria-describedby': `${id}-note`,
  };
  const onInput = (event: { currentTarget: { value: string } }): void => set(event.currentTarget.value);
  if (kind === 'boolean' || kind === 'enum') {
    const options = kind === 'boolean' ? ['true', 'false'] : (schema.enum ?? []).map(asText);
    return (
      <select {...shared} value={text} onChange={onInput}>
        <option value="">–</option>
        {options.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    );
  }
  const example = schema.examples?.[0];
  if (kind === 'json') {
    return <textarea {...shared} rows={2} value={text} spellcheck={false} placeholder={asText(example) || 'JSON'} onInput={onInput} />;
  }
  const mode = kind === 'number' ? { inputMode: 'decimal' as const } : {};
  return <input {...shared} {...mode} value={text} spellcheck={false} placeholder={asText(example)} onInput={onInput} />;
}
