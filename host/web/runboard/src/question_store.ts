// The open questions of all runs. Events only say that something has changed; what is open is read whole.

import { signal } from '@preact/signals';
import { api } from './api';
import type { Question } from './model';
import { Throttle } from './throttle';

const SOON_MS = 150;
const SLOWLY_MS = 30_000;

export const questions = signal<Question[]>([]);
/** Known to be over, whatever an answer that was on its way says. */
const over = new Set<number>();

/** Oldest first; kept as they are when nothing has changed, so that forms are not drawn anew for nothing. */
async function load(): Promise<void> {
  const answer = await api.openInputs().catch(() => null);
  if (answer === null) return;
  const open = answer.inputs.filter(({ id }) => !over.has(id)).sort((a, b) => a.id - b.id);
  const ids = (all: Question[]): string => all.map((question) => question.id).join();
  if (ids(open) !== ids(questions.value)) questions.value = open;
}

const reader = new Throttle(SOON_MS, load);

/** Something may have been asked or answered. */
export function refreshQuestions(): void {
  reader.poke();
}

/** Gone at once, before the server is asked again. */
export function dropQuestion(id: number): void {
  over.add(id);
  if (questions.value.some((question) => question.id === id)) {
    questions.value = questions.value.filter((question) => question.id !== id);
  }
}

/** Other sessions ask too, and this page follows only one: look now and then, and when somebody comes back. */
export function watchQuestions(): () => void {
  refreshQuestions();
  const timer = setInterval(refreshQuestions, SLOWLY_MS);
  addEventListener('focus', refreshQuestions);
  return () => {
    clearInterval(timer);
    removeEventListener('focus', refreshQuestions);
  };
}
