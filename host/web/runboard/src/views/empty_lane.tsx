import { runbooks } from '../app_store';
import type { LaneStore } from '../lane_store';

const OFFERED = 6;

/** A lane where nothing ran yet: what could run, one click away. */
export function EmptyLane({ lane, slug }: { lane: LaneStore; slug: string }) {
  const offered = runbooks.value.slice(0, OFFERED);
  const choose = (name: string): void => {
    lane.draft.value = name;
    document.getElementById(`intent-${lane.name}`)?.focus();
  };
  return (
    <div class="empty">
      <p>Nothing ran in this lane yet.</p>
      {offered.length > 0 ? (
        <ul class="offers">
          {offered.map(({ name, description }) => (
            <li key={name}>
              <button type="button" onClick={() => choose(name)}>
                <b>{name}</b>
                <span class="quiet one-line">{description}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">There are no runbooks in the library. Put one into its folder, or in a terminal:</p>
      )}
      <code>
        opsroom run {offered.length > 0 ? 'NAME' : 'FILE.yaml'} <span class="word">--session {slug}</span>{' '}
        <span class="word">--lane {lane.name}</span>
      </code>
    </div>
  );
}
