// What the page as a whole knows: who is signed in, the sessions, the library, the session in view.

import { computed, effect, signal } from '@preact/signals';
import { api, ApiError } from './api';
import type { Runbook, Session } from './model';
import { watchQuestions } from './question_store';
import { sessionId } from './route';
import { SessionStore } from './session_store';

export type Entry = 'starting' | 'in' | 'out';

export const entry = signal<Entry>('starting');
export const signInProblem = signal<string | null>(null);
export const version = signal('');
export const sessions = signal<Session[] | null>(null);
export const sessionsProblem = signal<ApiError | null>(null);
export const runbooks = signal<Runbook[]>([]);
export const current = signal<SessionStore | null>(null);
export const creating = signal(false);
export const helping = signal(false);

export async function loadSessions(): Promise<void> {
  try {
    sessions.value = (await api.sessions()).sessions;
    sessionsProblem.value = null;
  } catch (error) {
    if (error instanceof ApiError) sessionsProblem.value = error;
  }
}

/** Runbooks are files: they may change while the page is open, so they are read again when asked for. */
export async function loadRunbooks(): Promise<void> {
  const answer = await api.runbooks().catch(() => null);
  if (answer !== null) runbooks.value = answer.runbooks;
}

async function enter(): Promise<void> {
  try {
    version.value = (await api.me()).version;
    signInProblem.value = null;
    entry.value = 'in';
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    sessionsProblem.value = error instanceof ApiError ? error : null;
    entry.value = 'in';
  }
}

/** Signs in with what the browser has, then opens what the address names. */
export async function start(): Promise<void> {
  await enter();
  // Other tabs and the CLI make sessions too: read them again whenever somebody may look.
  effect(() => {
    if (entry.value === 'in' && (sessionId.value ?? 0) >= 0) void loadSessions();
  });
  effect(() => {
    if (entry.value === 'in') void loadRunbooks();
  });
  effect(() => (entry.value === 'in' ? watchQuestions() : undefined));
  addEventListener('focus', () => {
    if (entry.value === 'in') void loadSessions();
  });
  const wanted = computed(() => (entry.value === 'in' ? sessionId.value : null));
  effect(() => {
    const id = wanted.value;
    const store = id === null ? null : new SessionStore(id);
    current.value = store;
    void store?.open();
    return () => store?.close();
  });
}

/** Opens the session again from the start, after it failed to open. */
export function reopen(): void {
  const before = current.peek();
  if (before === null) return;
  before.close();
  const store = new SessionStore(before.id);
  current.value = store;
  void store.open();
}
