// One ticking clock for all durations on the page; it stands still while nothing runs.

import { signal } from '@preact/signals';

export const now = signal(Date.now());

let watchers = 0;
let timer: ReturnType<typeof setInterval> | null = null;

/** Keeps the clock ticking until the returned function is called. */
export function keepTicking(): () => void {
  watchers++;
  timer ??= setInterval(() => (now.value = Date.now()), 1_000);
  now.value = Date.now();
  return () => {
    if (--watchers > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

export function duration(milliseconds: number): string {
  if (milliseconds <= 0) return '0 s';
  if (milliseconds < 995) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3_600)} h ${pad(Math.floor((whole % 3_600) / 60))} m`;
}

/** How long something took, or has taken so far; empty when it has not begun. */
export function elapsed(start: string | null, end: string | null): string {
  if (start === null) return '';
  if (end !== null) return duration(Date.parse(end) - Date.parse(start));
  return duration(Math.floor((now.value - Date.parse(start)) / 1_000) * 1_000).replace('.0', '');
}

export function ago(at: string): string {
  const seconds = Math.max(0, (now.value - Date.parse(at)) / 1_000);
  if (seconds < 60) return 'just now';
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return new Date(at).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
}

export const timeOfDay = (at: number): string => new Date(at).toLocaleTimeString(undefined, { hour12: false });

const pad = (value: number): string => String(value).padStart(2, '0');
