// The list of sessions: where the page begins.

import { creating, loadSessions, sessions, sessionsProblem } from '../app_store';
import { ago } from '../clock';
import { onLink } from '../route';
import { Problem } from './status_mark';

export function SessionsPage() {
  const problem = sessionsProblem.value;
  const all = sessions.value;
  return (
    <main class="sessions">
      <div class="sessions-head">
        <h1>Sessions</h1>
        <button type="button" class="primary" onClick={() => (creating.value = true)}>New session</button>
      </div>
      {problem && <Problem message={problem.message} hint={problem.hint} onClose={() => void loadSessions()} />}
      {all === null && !problem && <p class="quiet" aria-busy="true">Loading…</p>}
      {all?.length === 0 && <NoSessions />}
      {all !== null && all.length > 0 && (
        <ul class="session-list">
          {all.map((session) => (
            <li key={session.id}>
              <a href={`/s/${session.id}`} onClick={onLink} data-testid={`session-${session.id}`}>
                <span class="title">{session.title}</span>
                <span class="repository">{session.repository || 'no repository'}</span>
                {session.base && <span class="branch">{session.base}</span>}
                <span class="quiet time">{ago(session.created_at)}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </main>
  );
}

function NoSessions() {
  return (
    <div class="empty">
      <p>No sessions yet. A session is one piece of work on one repository, in up to four lanes at once.</p>
      <p class="quiet">Make one here, or see a whole one run in a terminal:</p>
      <code>opsroom demo</code>
    </div>
  );
}
