import { render } from 'preact';
import { whenSignedOut } from './api';
import { entry, signInProblem, start } from './app_store';
import { listenToKeys } from './keys';
import { loginFromFragment, loginOnNewFragment } from './login';
import { followTheme } from './prefs';
import { followState } from './tab_state';
import './styles/base.css';
import './styles/chrome.css';
import './styles/lane.css';
import './styles/log.css';
import './styles/diff.css';
import { App } from './views/app';

async function main(): Promise<void> {
  whenSignedOut(() => (entry.value = 'out'));
  followTheme();
  followState();
  listenToKeys();
  loginOnNewFragment();
  signInProblem.value = await loginFromFragment();
  // A used link is no trouble for who is signed in already: what decides is whether the server knows us.
  entry.value = 'starting';
  await start();
}

render(<App />, document.getElementById('page')!);
void main();
