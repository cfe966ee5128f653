// What the page remembers for a person, on this origin only. A browser that refuses storage forgets, no more.

import { effect, signal, type Signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

export function recall<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`opsroom.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`opsroom.${key}`, JSON.stringify(value));
  } catch {
    // Private windows may refuse storage; the preference then lives as long as the tab.
  }
}

function kept<T>(key: string, fallback: T): Signal<T> {
  const value = signal(recall(key, fallback));
  effect(() => remember(key, value.value));
  return value;
}

export const theme = kept<Theme>('theme', 'system');
export const wrapLines = kept<boolean>('wrap', false);

/** Sets the theme on the document; `system` leaves the choice to the media query. */
export function followTheme(): void {
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}
