import { signInProblem } from '../app_store';

/** No password exists to ask for: links come from the terminal. */
export function SignedOut() {
  return (
    <main class="centre" data-testid="signed-out">
      <h1>{signInProblem.value === null ? 'You are not signed in here' : 'That link did not work'}</h1>
      {signInProblem.value && <p>{signInProblem.value}</p>}
      <p>A fresh link comes from the terminal where Opsroom runs:</p>
      <p><code>opsroom login</code></p>
      <p class="quiet">It works once. Not running any more? <code>opsroom up</code> starts it and prints a link.</p>
    </main>
  );
}
