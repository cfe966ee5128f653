// What tools ask people, as forms: fields from the restricted schema a server sent, and answers back.

import type { Json, Question } from './model';

export interface Option {
  value: string;
  title: string;
}

export interface FormField {
  name: string;
  label: string;
  description: string;
  kind: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'choices';
  required: boolean;
  options: Option[];
  /** For text: what the browser may help with; never what decides. */
  inputType: 'text' | 'email' | 'url' | 'date';
  limits: string;
  fallback: Json | undefined;
}

/** What stands in a form: texts, and for several choices the chosen values. */
export type Draft = Record<string, string | string[]>;

type Dict = Record<string, Json>;

const isDict = (value: Json | undefined): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

export const messageOf = ({ params }: Question): string => text(params.message);
export const isVisit = ({ params }: Question): boolean => params.mode === 'url';
/** `<source>.<tool>`: the source is the server that asks. */
export const serverOf = ({ tool }: Question): string => tool.split('.')[0] ?? tool;

function titled(entries: Json[]): Option[] {
  const options: Option[] = [];
  for (const entry of entries) {
    if (!isDict(entry) || typeof entry.const !== 'string') return [];
    options.push({ value: entry.const, title: text(entry.title) || entry.const });
  }
  return options;
}

function optionsOf(schema: Dict): Option[] {
  const withTitles = [...titled(list(schema.oneOf)), ...titled(list(schema.anyOf))];
  if (withTitles.length > 0) return withTitles;
  const names = list(schema.enumNames);
  return list(schema.enum)
    .filter((value) => typeof value === 'string')
    .map((value, at) => ({ value, title: text(names[at]) || value }));
}

function kindOf(schema: Dict, options: Option[]): FormField['kind'] {
  if (schema.type === 'array') return 'choices';
  if (options.length > 0) return 'choice';
  if (schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean') return schema.type;
  return 'text';
}

function limitsOf(schema: Dict): string {
  const between = (low: Json | undefined, high: Json | undefined, unit: string): string => {
    if (typeof low !== 'number') return typeof high === 'number' ? `at most ${high}${unit}` : '';
    return typeof high === 'number' ? `${low} to ${high}${unit}` : `at least ${low}${unit}`;
  };
  if (schema.type === 'array') return between(schema.minItems, schema.maxItems, '');
  if (schema.type === 'string') return between(schema.minLength, schema.maxLength, ' characters');
  return between(schema.minimum, schema.maximum, '');
}

const INPUT_TYPES: Record<string, FormField['inputType']> = { email: 'email', uri: 'url', date: 'date' };

function fieldOf(name: string, schema: Dict, required: boolean): FormField {
  const options = optionsOf(isDict(schema.items) ? schema.items : schema);
  const format = text(schema.format);
  return {
    name,
    label: text(schema.title) || name,
    description: text(schema.description),
    kind: kindOf(schema, options),
    required,
    options,
    inputType: INPUT_TYPES[format] ?? 'text',
    limits: [format, limitsOf(schema)].filter((part) => part !== '').join(', '),
    fallback: schema.default ?? undefined,
  };
}

/** Required fields first. What is no schema is left out: the server refuses to accept such a form. */
export function fieldsOf({ params }: Question): FormField[] {
  const schema = isDict(params.requestedSchema) ? params.requestedSchema : {};
  const required = list(schema.required);
  const fields = Object.entries(isDict(schema.properties) ? schema.properties : {}).flatMap(([name, property]) =>
    isDict(property) ? [fieldOf(name, property, required.includes(name))] : [],
  );
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)];
}

/** The form as it is before anybody typed: the server's defaults. */
export function draftOf(fields: FormField[]): Draft {
  const draft: Draft = {};
  for (const { name, kind, fallback } of fields) {
    if (kind === 'choices') draft[name] = list(fallback).filter((value) => typeof value === 'string');
    else draft[name] = fallback === undefined ? '' : String(fallback);
  }
  return draft;
}

/** What is sent; empty optional fields are left out, and nothing is judged here: the server checks. */
export function contentOf(fields: FormField[], draft: Draft): Record<string, Json> {
  const content: Record<string, Json> = {};
  for (const field of fields) {
    const value = draft[field.name] ?? '';
    if (Array.isArray(value)) {
      if (value.length > 0 || field.required || field.fallback !== undefined) content[field.name] = value;
    } else if (value !== '' || (field.kind === 'text' && typeof field.fallback === 'string' && field.fallback !== '')) {
      content[field.name] = valueOf(field, value);
    }
  }
  return content;
}

function valueOf(field: FormField, value: string): Json {
  if (field.kind === 'boolean') return value === 'true';
  if (field.kind !== 'integer' && field.kind !== 'number') return value;
  const number = Number(value);
  // What is no number goes as it is, so that the server says so at the field.
  return value.trim() !== '' && Number.isFinite(number) ? number : value;
}

/** The field that a JSON Pointer into the content leads to. */
export function fieldAt(pointer: string): string {
  const token = pointer.split('/')[1] ?? '';
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

export interface Address {
  /** The text as sent, cut so that the middle is the host; the host is empty when it is not literally there. */
  parts: [string, string, string];
  /** As the browser understands it: punycode for other letters. */
  host: string;
}

/** An address a person may open: http and https only. null for everything else (javascript:, file:, ...). */
export function addressOf({ params }: Question): Address | null {
  const sent = text(params.url);
  let url: URL;
  try {
    url = new URL(sent);
  } catch {
    return null;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  const start = sent.indexOf('//') + 2;
  const end = start + /^[^/\\?#]*/.exec(sent.slice(start))![0].length;
  const from = sent.slice(start, end).toLowerCase().lastIndexOf(url.host);
  if (start < 2 || from < 0) return { parts: [sent, '', ''], host: url.host };
  const at = start + from;
  return { parts: [sent.slice(0, at), sent.slice(at, at + url.host.length), sent.slice(at + url.host.length)], host: url.host };
}

export const urlTextOf = ({ params }: Question): string => text(params.url);
