// State is always an icon, a word and a colour: never a colour alone.

import type { Run, RunStatus, StepStatus } from './model';

export type Tone = 'idle' | 'busy' | 'good' | 'bad' | 'ask' | 'off';

export interface Look {
  icon: string;
  word: string;
  tone: Tone;
}

type AnyStatus = RunStatus | StepStatus;

const LOOKS: Record<AnyStatus, Look> = {
  scheduled: { icon: '◷', word: 'scheduled', tone: 'idle' },
  blocked: { icon: '◌', word: 'blocked', tone: 'idle' },
  queued: { icon: '◌', word: 'queued', tone: 'idle' },
  pending: { icon: '○', word: 'pending', tone: 'idle' },
  running: { icon: '●', word: 'running', tone: 'busy' },
  waiting: { icon: '▲', word: 'waiting', tone: 'ask' },
  succeeded: { icon: '✓', word: 'succeeded', tone: 'good' },
  failed: { icon: '✕', word: 'failed', tone: 'bad' },
  canceled: { icon: '■', word: 'canceled', tone: 'off' },
  skipped: { icon: '↷', word: 'skipped', tone: 'off' },
  interrupted: { icon: '▲', word: 'interrupted', tone: 'ask' },
};

export const IDLE: Look = { icon: '○', word: 'idle', tone: 'idle' };

export function lookOf(status: AnyStatus): Look {
  return LOOKS[status] ?? { icon: '?', word: status, tone: 'idle' };
}

export function lookOfRun(run: Run | null): Look {
  return run === null ? IDLE : lookOf(run.status);
}

// Needs input > failed > running > succeeded: what a person should look at first.
const ORDER: RunStatus[] = ['waiting', 'failed', 'running', 'queued', 'succeeded', 'canceled'];

export function worst(statuses: RunStatus[]): Look {
  const found = ORDER.find((status) => statuses.includes(status));
  return found === undefined ? IDLE : lookOf(found);
}
