// Makes a session.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, ApiError } from '../api';
import { creating, loadSessions } from '../app_store';
import { recall, remember } from '../prefs';
import { go } from '../route';
import { Problem } from './status_mark';

export function SessionDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const problem = useSignal<ApiError | null>(null);
  const sending = useSignal(false);
  const title = useRef<HTMLInputElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    title.current?.focus();
  }, []);

  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    const repository = text('repository');
    const base = text('base');
    sending.value = true;
    problem.value = null;
    try {
      const session = await api.createSession({
        title: text('title'),
        ...(repository ? { repository } : {}),
        ...(base ? { base } : {}),
      });
      remember('repository', repository);
      creating.value = false;
      void loadSessions();
      go(`/s/${session.id}`);
    } catch (error) {
      problem.value = error instanceof ApiError ? error : new ApiError(0, 'internal', String(error), '');
    } finally {
      sending.value = false;
    }
  };

  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="new-session" onClose={() => (creating.value = false)}>
      <form onSubmit={(event) => void create(event)} autocomplete="off">
        <h2 id="new-session">New session</h2>
        <label for="session-title">Title</label>
        <input id="session-title" name="title" required maxLength={200} ref={title} data-testid="session-title" placeholder="Fix the login timeout" />
        <label for="session-repository">Repository</label>
        <input
          id="session-repository"
          name="repository"
          data-testid="session-repository"
          spellcheck={false}
          placeholder="/path/to/repository or https://…"
          defaultValue={recall('repository', '')}
        />
        <p class="hint">A path on the server or a URL. Empty: lanes start as empty repositories.</p>
        <label for="session-base">Base</label>
        <input id="session-base" name="base" data-testid="session-base" spellcheck={false} placeholder="the repository's default branch" />
        {problem.value && <Problem message={problem.value.message} hint={problem.value.hint} />}
        <div class="choices end">
          <button type="button" onClick={() => dialog.current?.close()}>Back</button>
          <button type="submit" class="primary" disabled={sending.value} data-testid="session-create">
            {sending.value ? 'Creating…' : 'Create'}
          </button>
        </div>
      </form>
    </dialog>
  );
}
