// One session: its lanes side by side, and whether what they show is live.

import { current, reopen, runbooks } from '../app_store';
import { timeOfDay } from '../clock';
import { suggestions } from '../inputs';
import { focusedLane, focusLane, solo } from '../keys';
import { go } from '../route';
import type { SessionStore } from '../session_store';
import { lookOfRun } from '../status';
import { Lane } from './lane';

export function SessionPage() {
  const store = current.value;
  if (store === null) return null;
  const failure = store.failure.value;
  if (failure !== null) {
    return (
      <main class="centre">
        <h1>{failure.status === 404 ? 'There is no such session' : 'The session cannot be shown'}</h1>
        <p>{failure.message}</p>
        {failure.hint && <p class="quiet">{failure.hint}</p>}
        <p class="choices">
          <button type="button" onClick={reopen}>Try again</button>
          <button type="button" onClick={() => go('/')}>All sessions</button>
        </p>
      </main>
    );
  }
  const session = store.session.value;
  if (session === null) return <main class="centre quiet" aria-busy="true">Loading…</main>;
  // Lanes out of view stay where they are: half-typed intents and opened files are kept.
  const isHidden = (name: string): boolean => solo.value && name !== focusedLane.value;
  return (
    <main class="session">
      <h1 class="sr">{session.title}</h1>
      <Banner store={store} />
      <div class="about">
        <span class="repository" title={session.repository}>{session.repository || 'no repository'}</span>
        {session.base && <span class="branch">{session.base}</span>}
        {session.intent && <span class="quiet one-line">{session.intent}</span>}
      </div>
      <LaneTabs store={store} />
      <div class={solo.value ? 'lanes solo' : 'lanes'} onScroll={(event) => followSwipe(store, event.currentTarget)}>
        {store.lanes.value.map((lane) => (
          <Lane key={`${session.id}/${lane.name}`} lane={lane} slug={session.slug} hidden={isHidden(lane.name)} />
        ))}
      </div>
      <datalist id="runbooks">
        {suggestions(runbooks.value).map(({ value, label }) => <option key={value} value={value} label={label} />)}
      </datalist>
    </main>
  );
}

/** Where lanes lie side by side, one to a screen, the one swiped to is the one that keys and tabs mean. */
function followSwipe(store: SessionStore, lanes: HTMLElement): void {
  if (lanes.scrollWidth < lanes.clientWidth * 1.5) return;
  const at = Math.round(lanes.scrollLeft / (lanes.scrollWidth / store.lanes.value.length));
  const lane = store.lanes.value[at];
  if (lane) focusedLane.value = lane.name;
}

/** Says that the page shows the past, and how old it is. */
function Banner({ store }: { store: SessionStore }) {
  const state = store.stream.value;
  if (state.kind !== 'broken') return null;
  const age = state.lastHeard === null ? 'nothing was heard yet' : `data of ${timeOfDay(state.lastHeard)}`;
  return (
    <div class="banner" role="status" data-testid="banner">
      <span><b>Reconnecting</b>: {age}</span>
      <span class="quiet one-line">{state.why}</span>
      <button type="button" class="link" onClick={() => store.retryNow()}>Try now</button>
    </div>
  );
}

/** On a narrow screen lanes lie beside it; these lead there and tell how the others are. */
function LaneTabs({ store }: { store: SessionStore }) {
  return (
    <nav class="lane-tabs" aria-label="Lanes">
      {store.lanes.value.map((lane) => {
        const look = lookOfRun(lane.run.value);
        return (
          <button
            key={lane.name}
            type="button"
            class={look.tone}
            aria-pressed={focusedLane.value === lane.name}
            onClick={() => focusLane(lane.name)}
          >
            {lane.name} <span aria-hidden="true">{look.icon}</span><span class="sr">{look.word}</span>
          </button>
        );
      })}
    </nav>
  );
}
