// The Runboard in a real browser against a real control room: OPSROOM_BIN names the executable,
// OPSROOM_ARTIFACTS the directory for screenshots and the server's output (default build/e2e).
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './support/browser.mjs';
import { ControlRoom } from './support/control_room.mjs';
import { makeRepository } from './support/repository.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const ARTIFACTS = resolve(process.env.OPSROOM_ARTIFACTS || join(ROOT, 'build/e2e'));
const FIXTURES = resolve(process.env.OPSROOM_FIXTURES || join(ROOT, 'tests/fixtures/mcp'));
const ROUNDS = 60;

const SLOW_LINES = `name: slow-lines
description: Prints a line every tenth of a second
steps:
  - id: print
    tool: exec.run
    with:
      command: [sh, -c, 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done']
    timeout: 10m
`;

const SLOW_EDIT = `name: slow-edit
description: Edits a tracked file slowly and adds a new one
steps:
  - id: edit
    tool: exec.run
    with:
      command: [sh, -c, 'i=0; while [ $i -lt ${ROUNDS} ]; do i=$((i+1)); echo "note $i" >> notes.txt; echo "edit $i"; sleep 0.15; done; echo new > added.txt']
    timeout: 2m
`;

const ASKING = (tool) => `name: ask-${tool.replace('_', '-')}
description: A tool that asks a person
steps:
  - id: ask
    tool: forms.${tool}
`;

const byId = (page, id) => page.getByTestId(id);

async function createSession(page, repository) {
  await byId(page, 'session-new').click();
  await byId(page, 'session-title').fill('Two lanes at once');
  await byId(page, 'session-repository').fill(repository);
  await byId(page, 'session-create').click();
  await page.waitForURL(/\/s\/\d+$/);
  await byId(page, 'lane-A').waitFor();
}

async function waitForStatus(page, lane, status, timeout) {
  await page.waitForFunction(
    ([id, wanted]) => document.querySelector(`[data-testid="status-${id}"]`)?.dataset.status === wanted,
    [lane, status],
    { timeout },
  );
}

/** Waits until both lanes run at the same moment and each shows more lines than given. */
async function bothGrowBeyond(page, lines) {
  const found = await page.waitForFunction(
    (before) => {
      const one = (name, id) => document.querySelector(`[data-testid="${name}-${id}"]`);
      const now = Object.keys(before).map((id) => ({
        id,
        running: one('status', id)?.dataset.status === 'running',
        lines: Number(one('log', id)?.dataset.lines ?? 0),
      }));
      if (!now.every((lane) => lane.running && lane.lines > before[lane.id])) return false;
      return Object.fromEntries(now.map((lane) => [lane.id, lane.lines]));
    },
    lines,
    { timeout: 60_000 },
  );
  return found.jsonValue();
}

const linesOf = async (page, lane) => Number(await byId(page, `log-${lane}`).getAttribute('data-lines'));

/** The whole log of the lane's latest run, as the page's own link to it serves it. */
async function plainLog(page, lane) {
  const href = await byId(page, `lane-${lane}`).getByRole('link', { name: 'plain', exact: true }).getAttribute('href');
  return page.evaluate(async (path) => (await fetch(path)).text(), href);
}

async function scenario(page, link, repository) {
  await page.goto(link, { timeout: 30_000 });
  await byId(page, 'session-new').waitFor();
  assert.ok(!page.url().includes('login'), 'the one-time code has left the address bar');
  await createSession(page, repository);

  await byId(page, 'intent-A').fill('slow-lines');
  await byId(page, 'intent-A').press('Enter');
  await byId(page, 'intent-B').fill('slow-edit');
  await byId(page, 'play-B').click();

  const first = await bothGrowBeyond(page, { A: 0, B: 0 });
  const second = await bothGrowBeyond(page, first);
  assert.ok(second.A > first.A && second.B > first.B, 'lines arrive in both lanes while both run');
  assert.match(await byId(page, 'log-A').innerText(), /line \d+/);
  assert.match(await byId(page, 'log-B').innerText(), /edit \d+/);
  assert.match(await page.title(), /^● /, 'the tab says that something runs');

  const notes = byId(page, 'diff-B').locator('[data-path="notes.txt"]');
  await notes.locator('.dl.add').first().waitFor();
  await page.screenshot({ path: join(ARTIFACTS, 'runboard-running.png') });

  await byId(page, 'cancel-A').click();
  await waitForStatus(page, 'A', 'canceled', 15_000);
  assert.equal(await byId(page, 'cancel-A').count(), 0, 'what has ended cannot be cancelled');

  await waitForStatus(page, 'B', 'succeeded', 60_000);
  await notes.getByText(`note ${ROUNDS}`, { exact: true }).waitFor();
  await byId(page, 'diff-B').locator('[data-path="added.txt"]').waitFor();
  assert.match(await notes.innerText(), new RegExp(`\\+${ROUNDS}\\s`));
  assert.equal(await byId(page, 'diff-A').locator('[data-path]').count(), 0, 'lane A saw nothing of it');
  await byId(page, 'log-B').getByText('run succeeded').waitFor();
  await page.screenshot({ path: join(ARTIFACTS, 'runboard.png') });

  const edits = (await plainLog(page, 'B')).split('\n').filter((line) => /^edit \d+$/.test(line));
  assert.deepEqual(edits, Array.from({ length: ROUNDS }, (_, at) => `edit ${at + 1}`), 'every line once and in order');

  const counts = { A: await linesOf(page, 'A'), B: await linesOf(page, 'B') };
  await page.reload();
  await page.waitForFunction(
    (wanted) => Object.entries(wanted).every(([id, lines]) => Number(document.querySelector(`[data-testid="log-${id}"]`)?.dataset.lines) === lines),
    counts,
  );
  await waitForStatus(page, 'A', 'canceled', 5_000);
  await waitForStatus(page, 'B', 'succeeded', 5_000);
}

const fieldOf = (page, name) => byId(page, `ask-field-${name}`);

/** A tool asks for a form; what does not fit is told at its field; the answer lets the run succeed. */
async function formIsFilled(page) {
  await byId(page, 'intent-C').fill('ask-register');
  await byId(page, 'intent-C').press('Enter');
  const form = byId(page, 'ask-C');
  await form.waitFor({ timeout: 60_000 });
  assert.match(await form.innerText(), /Server forms asks in step ask[^]*Who should be registered\?[^]*Never enter passwords/);
  await page.waitForFunction(() => document.title.startsWith('▲'));
  assert.equal(await byId(page, 'open-questions').getAttribute('data-count'), '1');
  assert.equal(await fieldOf(page, 'age').inputValue(), '18', 'the default stands there');

  await byId(page, 'accept-C').click();
  await form.getByText('is required').first().waitFor();
  assert.equal(await fieldOf(page, 'name').getAttribute('aria-invalid'), 'true');
  assert.equal(await fieldOf(page, 'age').getAttribute('aria-invalid'), 'false');
  await fieldOf(page, 'name').fill('Ada');
  await fieldOf(page, 'age').fill('130');
  await fieldOf(page, 'plan').selectOption({ label: 'Paid' });
  await fieldOf(page, 'topics').getByLabel('ops').check();
  await byId(page, 'accept-C').click();
  await form.getByText('must be at most 120, got 130').waitFor();
  await page.screenshot({ path: join(ARTIFACTS, 'runboard-question.png') });
  await fieldOf(page, 'age').fill('36');
  await fieldOf(page, 'age').press('Enter');
  await form.waitFor({ state: 'detached' });
  await waitForStatus(page, 'C', 'succeeded', 60_000);
  await byId(page, 'open-questions').waitFor({ state: 'detached' });
  const { inputs } = await page.evaluate(async () => (await fetch('/api/inputs')).json());
  assert.deepEqual(inputs[0].content, { name: 'Ada', age: 36, plan: 'paid', news: false, topics: ['ops'] });
}

/** An address is shown whole and never fetched; answered in one tab, it is gone in the other. */
async function addressIsVisited(page) {
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  await byId(page, 'intent-D').fill('ask-sign-in');
  await byId(page, 'play-D').click();
  await byId(page, 'ask-D').waitFor({ timeout: 60_000 });
  assert.equal(await byId(page, 'visit-address').innerText(), 'https://login.example.com/start?state=abc');
  assert.equal(await byId(page, 'visit-address').locator('b').innerText(), 'login.example.com');
  const open = byId(page, 'visit-open');
  assert.equal(await open.getAttribute('target'), '_blank');
  assert.equal(await open.getAttribute('rel'), 'noopener noreferrer');
  const other = await page.context().newPage();
  await other.goto(page.url());
  await byId(other, 'accept-D').click();
  await byId(page, 'ask-D').waitFor({ state: 'detached' });
  await waitForStatus(page, 'D', 'succeeded', 60_000);
  await other.close();
  assert.deepEqual(fetched.filter((url) => url.includes('example.com')), [], 'nothing was fetched from there');
}

test('two lanes run at once, one is cancelled, the other shows its diff, tools ask a person', { timeout: 300_000 }, async (t) => {
  assert.ok(process.env.OPSROOM_BIN, 'OPSROOM_BIN must name the opsroom executable');
  mkdirSync(ARTIFACTS, { recursive: true });
  const room = new ControlRoom(resolve(process.env.OPSROOM_BIN));
  let opened = null;
  t.after(async () => {
    await opened?.browser.close();
    await room.stop().finally(() => writeFileSync(join(ARTIFACTS, 'runboard-server.log'), room.output));
  });
  room.addRunbook('slow-lines', SLOW_LINES);
  room.addRunbook('slow-edit', SLOW_EDIT);
  for (const tool of ['register', 'sign_in']) room.addRunbook(`ask-${tool}`, ASKING(tool));
  room.addTools({ mcpServers: { forms: { command: 'python3', args: [join(FIXTURES, 'ask_form.py')] } } });
  const repository = makeRepository(join(room.root, 'repository'), { 'notes.txt': 'note 0\n' });
  const link = await room.start();
  opened = await openBrowser();
  const { page, complaints } = opened;
  try {
    await scenario(page, link, repository);
    await formIsFilled(page);
    await addressIsVisited(page);
  } catch (error) {
    await page.screenshot({ path: join(ARTIFACTS, 'runboard-failed.png') }).catch(() => {});
    throw error;
  }
  assert.deepEqual(complaints, [], 'no script failed and the page kept to its policy');
});
