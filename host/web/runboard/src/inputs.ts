// What a runbook wants to be told, and turning the text of a form into the JSON that its schema asks for.

import type { Json, Runbook, Schema } from './model';

export interface Field {
  name: string;
  schema: Schema;
  required: boolean;
  kind: 'text' | 'number' | 'boolean' | 'enum' | 'json';
}

function typeOf(schema: Schema): string {
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== 'null') : schema.type;
  return type ?? 'string';
}

function kindOf(schema: Schema): Field['kind'] {
  if (schema.enum) return 'enum';
  const type = typeOf(schema);
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'boolean') return 'boolean';
  return type === 'string' ? 'text' : 'json';
}

/** Required fields first, each group in the order of the runbook. */
export function fieldsOf(runbook: Runbook): Field[] {
  const required = runbook.inputs?.required ?? [];
  const fields = Object.entries(runbook.inputs?.properties ?? {}).map(([name, schema]) => ({
    name,
    schema,
    required: required.includes(name) && schema.default === undefined,
    kind: kindOf(schema),
  }));
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)];
}

/** The runbook an intent names outright; patterns are the server's business. */
export function named(runbooks: Runbook[], intent: string): Runbook | null {
  const wanted = intent.trim().toLowerCase();
  return runbooks.find((runbook) => runbook.name.toLowerCase() === wanted) ?? null;
}

/** What to offer while typing: names, and declared intents without blanks to fill. */
export function suggestions(runbooks: Runbook[]): { value: string; label: string }[] {
  return runbooks.flatMap((runbook) => [
    { value: runbook.name, label: runbook.description },
    ...(runbook.intents ?? [])
      .map((intent) => (typeof intent === 'string' ? intent : (intent.pattern ?? '')))
      .filter((intent) => intent !== '' && intent !== runbook.name)
      .map((intent) => ({ value: intent, label: runbook.name })),
  ]);
}

export function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export interface Filled {
  inputs: Record<string, Json>;
  /** Field name → what is wrong with it. */
  problems: Record<string, string>;
}

/** Reads the form; empty optional fields are left out so that the runbook's defaults apply. */
export function fill(fields: Field[], texts: Record<string, string>): Filled {
  const filled: Filled = { inputs: {}, problems: {} };
  for (const field of fields) {
    const text = texts[field.name] ?? asText(field.schema.default);
    if (text.trim() === '') {
      if (field.required) filled.problems[field.name] = 'needed';
      continue;
    }
    const value = parse(field, text);
    if (value === undefined) filled.problems[field.name] = field.kind === 'number' ? 'not a number' : 'not valid JSON';
    else filled.inputs[field.name] = value;
  }
  return filled;
}

function parse(field: Field, text: string): Json | undefined {
  if (field.kind === 'text') return text;
  if (field.kind === 'boolean') return text === 'true';
  if (field.kind === 'enum') return field.schema.enum?.find((option) => asText(option) === text) ?? text;
  if (field.kind === 'number') return Number.isFinite(Number(text)) ? Number(text) : undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
