// Keyboard: single keys, active only outside of text fields, never with a modifier.

import { signal } from '@preact/signals';
import { current, helping } from './app_store';
import { isTerminal } from './model';

/** The lane that keys act on; also the one a narrow screen shows. */
export const focusedLane = signal('A');
/** Only the focused lane is shown, as wide as the page. */
export const solo = signal(false);
/** The lane whose cancellation was asked for by one press and waits for the second. */
export const confirmCancel = signal<string | null>(null);

const CONFIRM_MS = 4_000;
let confirmTimer: ReturnType<typeof setTimeout> | null = null;

export function focusLane(name: string): void {
  focusedLane.value = name;
  const lane = document.getElementById(`lane-${name}`);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  lane?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'nearest', inline: 'start' });
  lane?.focus({ preventScroll: true });
}

/** To the first question of a lane, or of the first lane that asks one. */
export function focusQuestion(name?: string): void {
  const lanes = current.value?.lanes.value ?? [];
  const lane = lanes.find((one) => one.name === (name ?? focusedLane.value) && one.asked.value.length > 0)
    ?? lanes.find((one) => one.asked.value.length > 0);
  if (!lane) return;
  lane.pinned.value = null;
  focusLane(lane.name);
  document.querySelector<HTMLElement>(`#lane-${CSS.escape(lane.name)} form.question :is(input, select, button)`)?.focus();
}

function focusByNumber(number: number): void {
  const lane = current.value?.lanes.value[number - 1];
  if (!lane) return;
  if (document.activeElement?.id === `lane-${lane.name}`) solo.value = !solo.value;
  focusLane(lane.name);
}

function askToCancel(): void {
  const lane = current.value?.lanes.value.find((other) => other.name === focusedLane.value);
  const run = lane?.run.value;
  if (!lane || !run || isTerminal(run.status)) return;
  if (confirmTimer !== null) clearTimeout(confirmTimer);
  if (confirmCancel.value === lane.name) {
    confirmCancel.value = null;
    void lane.cancel();
    return;
  }
  confirmCancel.value = lane.name;
  confirmTimer = setTimeout(() => (confirmCancel.value = null), CONFIRM_MS);
}

function escape(): void {
  confirmCancel.value = null;
  if (helping.value) helping.value = false;
  else solo.value = false;
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === 'Escape') return document.querySelector('dialog[open]') ? undefined : escape();
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
  if (/^[1-9]$/.test(event.key)) focusByNumber(Number(event.key));
  else if (event.key === '0') solo.value = false;
  else if (event.key === '/') document.getElementById(`intent-${focusedLane.value}`)?.focus();
  else if (event.key === 'a') focusQuestion();
  else if (event.key === 'x') askToCancel();
  else if (event.key === '?') helping.value = true;
  else return;
  event.preventDefault();
}

export function listenToKeys(): void {
  addEventListener('keydown', onKey);
}
