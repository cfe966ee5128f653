// The values of the HTTP API, as docs/http-api.md names them.

export type RunStatus =
  | 'scheduled' | 'blocked' | 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'canceled';
export type StepStatus =
  | 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'canceled' | 'interrupted';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Session {
  id: number;
  title: string;
  slug: string;
  intent: string;
  repository: string;
  base: string;
  created_at: string;
}

export interface SessionDetail extends Session {
  lanes: { lane: string; run: Run | null; queued: number }[];
}

export interface Run {
  id: number;
  session_id: number;
  lane: string;
  status: RunStatus;
  priority: number;
  intent: string;
  runbook: string;
  inputs: Json;
  attempt: number;
  claimed_by: string | null;
  canceled_at: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: string | null;
  hint: string | null;
}

export interface Step {
  position: number;
  id: string;
  tool: string;
  status: StepStatus;
  attempt: number;
  /** How often its call was begun. */
  tries: number;
  error: string | null;
  hint: string | null;
  started_at: string | null;
  finished_at: string | null;
}

/** What a tool asks a person; `params` are as its server sent them. */
export interface Question {
  id: number;
  run_id: number;
  step: string;
  tool: string;
  params: { [key: string]: Json };
  live: boolean;
  open: boolean;
  created_at: string;
  expires_at: string | null;
}

export interface EventData {
  status?: string;
  tries?: number;
  lane?: string;
  intent?: string;
  runbook?: string;
  worker?: string;
  error?: string | null;
  hint?: string | null;
  question?: string | null;
  position?: number;
  id?: string | number;
  tool?: string;
  stream?: string;
  done?: number;
  total?: number | null;
  message?: string | null;
  kind?: string;
  text?: string;
  action?: string;
  by?: string;
}

export interface RunEvent {
  run_id: number;
  seq: number;
  last_seq: number;
  kind: string;
  step: string | null;
  at: string;
  data: EventData;
  lines: string[];
}

export interface DiffLine {
  kind: '+' | '-' | ' ';
  old: number | null;
  new: number | null;
  text: string;
}

export interface DiffFile {
  path: string;
  status: string;
  added: number;
  deleted: number;
  binary: boolean;
  hunks: { header: string; lines: DiffLine[] }[];
}

export interface Diff {
  artifact_id: number;
  run_id: number;
  updated_at: string;
  base: string;
  head: string;
  branch: string;
  truncated: boolean;
  files: DiffFile[];
}

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  enum?: Json[];
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  examples?: Json[];
}

export interface Runbook {
  name: string;
  description: string;
  inputs: Schema | null;
  intents: (string | { pattern?: string })[];
  steps: { id: string; tool: string }[];
}

const TERMINAL: readonly string[] = ['succeeded', 'failed', 'canceled'];
const FINISHED: readonly string[] = ['succeeded', 'failed', 'skipped', 'canceled', 'interrupted'];

export const isTerminal = (status: RunStatus): boolean => TERMINAL.includes(status);
export const isActive = (status: RunStatus): boolean => status === 'running' || status === 'waiting';
export const isPending = (status: RunStatus): boolean =>
  status === 'blocked' || status === 'queued' || status === 'scheduled';
export const isFinished = (status: StepStatus): boolean => FINISHED.includes(status);
