// The page's address is its state: `/` lists sessions, `/s/ID` shows one.

import { computed, signal } from '@preact/signals';

const path = signal(location.pathname);

addEventListener('popstate', () => (path.value = location.pathname));

/** The session in view, or null for the list. */
export const sessionId = computed<number | null>(() => {
  const match = /^\/s\/(\d+)\/?$/.exec(path.value);
  return match ? Number(match[1]) : null;
});

export function go(to: string): void {
  if (to !== location.pathname) history.pushState(null, '', to);
  path.value = to;
}

/** Makes a plain link move within the page, unless a modifier asks for another tab. */
export function onLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go((event.currentTarget as HTMLAnchorElement).pathname);
}
