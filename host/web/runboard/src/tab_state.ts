// The tab's title and icon carry the worst state of the session, so that a glance at the tab bar is enough.

import { effect } from '@preact/signals';
import { current } from './app_store';
import { IDLE, worst, type Tone } from './status';

const COLOURS: Record<Tone, string> = {
  idle: '#7b8794', busy: '#2f6fdb', good: '#1f8a4c', bad: '#c9342f', ask: '#b7791f', off: '#7b8794',
};

const SHAPES: Record<Tone, string> = {
  idle: '<circle cx="8" cy="8" r="5" fill="none" stroke="C" stroke-width="2.5"/>',
  busy: '<circle cx="8" cy="8" r="6.5" fill="C"/>',
  good: '<path d="M2 8.5l4 4 8-9" fill="none" stroke="C" stroke-width="3"/>',
  bad: '<path d="M3 3l10 10M13 3L3 13" stroke="C" stroke-width="3"/>',
  ask: '<path d="M8 1l7.5 14H.5z" fill="C"/>',
  off: '<rect x="2.5" y="2.5" width="11" height="11" rx="1.5" fill="C"/>',
};

function icon(tone: Tone): string {
  const shape = SHAPES[tone].replace(/C"/g, `${COLOURS[tone]}"`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shape}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function followState(): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  effect(() => {
    const store = current.value;
    const title = store?.session.value?.title;
    const look = store === null ? IDLE : worst(store.statuses.value);
    document.title = title === undefined ? 'Opsroom' : `${look.icon} ${title} · Opsroom`;
    if (link) link.href = icon(look.tone);
  });
}
