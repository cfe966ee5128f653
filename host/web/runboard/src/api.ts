// Every request of the page goes through here: the credential, the error shape and the deadline in one place.

import type { Diff, Json, Question, Run, Runbook, RunEvent, Session, SessionDetail, Step } from './model';

const CSRF_KEY = 'opsroom.csrf';
const DEADLINE_MS = 20_000;

/** What the API refused or the network did not carry; `hint` says what to do about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
    /** Where an answer to a question does not fit, as pointers into its content. */
    readonly problems: { pointer: string; message: string }[] = [],
  ) {
    super(message);
  }
}

let onSignedOut: () => void = () => {};

/** Called whenever the server answers 401: the page then asks for a fresh link. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

export function keepCsrf(value: string): void {
  localStorage.setItem(CSRF_KEY, value);
}

function csrf(): string {
  return localStorage.getItem(CSRF_KEY) ?? '';
}

interface ErrorBody {
  code?: string;
  message?: string;
  hint?: string | null;
  problems?: { pointer: string; message: string }[];
}

async function failureOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const error = (body as { error?: ErrorBody } | null)?.error;
  if (response.status === 401) onSignedOut();
  return new ApiError(
    response.status,
    error?.code ?? 'unknown',
    error?.message ?? `The server answered ${response.status} ${response.statusText}.`,
    error?.hint ?? '',
    error?.problems ?? [],
  );
}

/** A response that is known to be fine; throws ApiError otherwise. No deadline: streams use it too. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.method && init.method !== 'GET') {
    headers.set('Content-Type', 'application/json');
    headers.set('X-Opsroom-CSRF', csrf());
  }
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted && init.signal.reason?.name !== 'TimeoutError') throw error;
    throw new ApiError(0, 'unreachable', 'The Opsroom server cannot be reached.', 'Is it running? Start it with: opsroom up');
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function get<T>(path: string): Promise<T> {
  return (await request(path, { signal: AbortSignal.timeout(DEADLINE_MS) })).json() as Promise<T>;
}

async function post<T>(path: string, body: object): Promise<T> {
  const init = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(DEADLINE_MS) };
  return (await request(path, init)).json() as Promise<T>;
}

export interface Enqueue {
  session_id: number;
  lane: string;
  intent: string;
  runbook?: string;
  inputs?: Record<string, Json>;
}

export interface NewSession {
  title: string;
  repository?: string;
  base?: string;
}

export type Decision = 'retry' | 'skip' | 'fail';

/** Content only with the acceptance of a form. */
export interface Reply {
  action: 'accept' | 'decline' | 'cancel';
  content?: Record<string, Json>;
}

export const api = {
  login: (code: string) => post<{ csrf: string; name: string; role: string }>('/api/login', { code }),
  me: () => get<{ name: string; role: string; version: string }>('/api/me'),
  sessions: () => get<{ sessions: Session[] }>('/api/sessions?limit=100'),
  session: (id: number) => get<SessionDetail>(`/api/sessions/${id}`),
  createSession: (body: NewSession) => post<Session>('/api/sessions', body),
  runbooks: () => get<{ runbooks: Runbook[] }>('/api/runbooks'),
  enqueue: (body: Enqueue) => post<Run>('/run', body),
  runs: (session: number, limit: number) => get<{ runs: Run[] }>(`/api/runs?session=${session}&limit=${limit}`),
  run: (id: number) => get<Run & { steps: Step[] }>(`/api/runs/${id}`),
  cancel: (id: number) => post<Run>(`/api/runs/${id}/cancel`, {}),
  answer: (id: number, decision: Decision) => post<Run>(`/api/runs/${id}/answer`, { decision }),
  openInputs: () => get<{ inputs: Question[] }>('/api/inputs?open=1'),
  answerInput: (id: number, reply: Reply) => post<Question>(`/api/inputs/${id}/answer`, reply),
  events: (id: number, after: number, limit: number) =>
    get<{ events: RunEvent[]; last_seq: number }>(`/api/runs/${id}/events?after=${after}&limit=${limit}`),
  laneDiff: (session: number, lane: string) =>
    get<Diff>(`/api/sessions/${session}/lanes/${encodeURIComponent(lane)}/diff`),
  logUrl: (id: number) => `/api/runs/${id}/log`,
};
