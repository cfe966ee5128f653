// The bar that is always there: sessions as tabs, a new one, and the page's own switches.

import { api } from '../api';
import { creating, current, helping, sessions } from '../app_store';
import { focusQuestion } from '../keys';
import { theme, type Theme } from '../prefs';
import { questions } from '../question_store';
import { go, onLink, sessionId } from '../route';
import type { Session } from '../model';

const TABS = 6;

/** The newest sessions, and always the one in view. */
function tabs(all: Session[], shown: Session | null): Session[] {
  const newest = all.slice(0, TABS);
  if (shown === null || newest.some((session) => session.id === shown.id)) return newest;
  return [shown, ...newest.slice(0, TABS - 1)];
}

export function TopBar() {
  const shown = current.value?.session.value ?? null;
  return (
    <header class="top-bar">
      <a class="brand" href="/" onClick={onLink} aria-label="Opsroom, all sessions">Opsroom</a>
      <nav class="session-tabs" aria-label="Sessions">
        {tabs(sessions.value ?? [], shown).map((session) => (
          <a
            key={session.id}
            href={`/s/${session.id}`}
            onClick={onLink}
            title={session.title}
            {...(session.id === sessionId.value ? { 'aria-current': 'page' as const } : {})}
          >
            {session.title}
          </a>
        ))}
      </nav>
      <button type="button" class="tool new" data-testid="session-new" onClick={() => (creating.value = true)} title="New session">
        <span aria-hidden="true">+</span><span class="label">New session</span>
      </button>
      <span class="grow" />
      <OpenQuestions />
      <Connection />
      <label class="sr" for="theme">Theme</label>
      <select id="theme" class="tool" value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
      <button type="button" class="tool" aria-label="Keys" title="Keys (?)" onClick={() => (helping.value = true)}>?</button>
    </header>
  );
}

/** How many questions are open in all sessions; leads to the oldest. */
function OpenQuestions() {
  const oldest = questions.value[0];
  if (oldest === undefined) return null;
  const count = questions.value.length;
  const lead = async (): Promise<void> => {
    const lane = current.value?.lanes.value.find((one) => one.runs.value.some((run) => run.id === oldest.run_id));
    if (lane) return focusQuestion(lane.name);
    const run = await api.run(oldest.run_id).catch(() => null);
    if (run !== null) go(`/s/${run.session_id}`);
  };
  return (
    <button type="button" class="tool open-questions" data-testid="open-questions" data-count={count} title="Go to the oldest (a)" onClick={() => void lead()}>
      <span aria-hidden="true">▲</span> <span role="status">{count === 1 ? '1 question' : `${count} questions`}</span>
    </button>
  );
}

function Connection() {
  const kind = current.value?.stream.value.kind;
  if (kind === undefined) return null;
  const words = { connecting: 'connecting', live: 'live', broken: 'offline', ended: 'ended' };
  return (
    <span class={`connection ${kind}`} data-testid="connection" data-state={kind}>
      <span aria-hidden="true">{kind === 'live' ? '●' : '○'}</span> {words[kind]}
    </span>
  );
}
