// The one-time code comes in the fragment, which never reaches a server's log, and leaves the address
// bar before anything else happens: a link that is copied or bookmarked later carries no secret.

import { api, ApiError, keepCsrf } from './api';

/** The code of `#login=CODE`, or null. */
export function codeOf(fragment: string): string | null {
  const code = new URLSearchParams(fragment.replace(/^#/, '')).get('login');
  return code === null || code === '' ? null : code;
}

/** Trades the code for a session. Returns why it failed, or null when signed in or nothing was asked. */
export async function loginFromFragment(): Promise<string | null> {
  const code = codeOf(location.hash);
  if (code === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    keepCsrf((await api.login(code)).csrf);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return 'This link was used already or is too old.';
    return error instanceof Error ? error.message : String(error);
  }
}

/** A link pasted into a tab that is open already changes only the fragment. */
export function loginOnNewFragment(): void {
  addEventListener('hashchange', () => {
    if (codeOf(location.hash) !== null) location.reload();
  });
}
