import { useEffect, useRef } from 'preact/hooks';
import { helping, version } from '../app_store';

const KEYS: [string, string][] = [
  ['1 – 4', 'go to a lane; again: show only that lane'],
  ['0', 'show all lanes'],
  ['/', 'type an intent for the lane'],
  ['Enter', 'play it'],
  ['a', 'answer what a tool asks'],
  ['x', 'cancel the lane’s run (press twice)'],
  ['?', 'this sheet'],
  ['Esc', 'close, leave a field'],
];

/** The keys there are. */
export function HelpSheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="help-title" onClose={() => (helping.value = false)}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="choices end">
        <span class="quiet grow">Opsroom {version.value}</span>
        <button type="button" class="primary" onClick={() => dialog.current?.close()}>Close</button>
      </div>
    </dialog>
  );
}
