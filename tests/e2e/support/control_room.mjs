// A control room of its own for one test: private directory, any free port, ended with the test.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 90_000;
const STOP_MS = 40_000;
const LINK = /https?:\/\/\S+#login=\S+/;

export class ControlRoom {
  /** @param {string} binary the opsroom executable */
  constructor(binary) {
    this.binary = binary;
    this.root = mkdtempSync(join(tmpdir(), 'opsroom-e2e-'));
    // The private database runs as another user when this one is root, and must reach its directory.
    chmodSync(this.root, 0o755);
    this.home = join(this.root, 'home');
    this.runbooks = join(this.root, 'runbooks');
    mkdirSync(this.runbooks);
    this.output = '';
    this.ended = null;
  }

  addRunbook(name, yaml) {
    writeFileSync(join(this.runbooks, `${name}.yaml`), yaml);
  }

  /** The tools.json that is found in the working directory. */
  addTools(tools) {
    writeFileSync(join(this.root, 'tools.json'), JSON.stringify(tools));
  }

  /** Starts `opsroom up`; resolves to the link it prints. */
  start() {
    const env = {
      ...process.env,
      OPSROOM_HOME: this.home,
      OPSROOM_WORKSPACES: join(this.root, 'workspaces'),
      OPSROOM_RUNBOOKS: this.runbooks,
      OPSROOM_PORT: '0',
    };
    delete env.DATABASE_URL;
    this.child = spawn(this.binary, ['up'], { cwd: this.root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(this.failure('printed no login link in time')), START_MS);
      const hear = (chunk) => {
        this.output += chunk;
        const link = LINK.exec(this.output);
        // The whole link is there when something follows it.
        if (link === null || link.index + link[0].length === this.output.length) return;
        clearTimeout(late);
        resolve(link[0]);
      };
      this.child.stdout.on('data', hear);
      this.child.stderr.on('data', (chunk) => (this.output += chunk));
      this.child.on('error', (error) => reject(this.failure(error.message)));
      this.gone = new Promise((done) => {
        this.child.on('exit', (code, signal) => {
          this.ended = signal ?? code;
          clearTimeout(late);
          reject(this.failure(`ended with ${this.ended}`));
          done();
        });
      });
    });
  }

  failure(what) {
    return new Error(`opsroom up ${what}; it said:\n${this.output.split('\n').slice(-30).join('\n')}`);
  }

  /** Ends what start() began, first kindly, and removes its directory. Throws when force was needed. */
  async stop() {
    let forced = false;
    if (this.child?.pid !== undefined && this.ended === null) {
      this.child.kill('SIGTERM');
      forced = !(await within(STOP_MS, this.gone));
      if (forced) {
        signalQuietly(-this.child.pid, 'SIGKILL');
        await within(5_000, this.gone);
      }
    }
    if (forced) for (const pid of this.postmasters()) signalQuietly(pid, 'SIGQUIT');
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    if (forced) throw this.failure(`did not stop within ${STOP_MS / 1_000} s and was killed`);
  }

  /** The private database's own process ids, as it wrote them down below our directory. */
  postmasters() {
    return filesNamed('postmaster.pid', this.home, 3)
      .map((file) => Number(readFileSync(file, 'utf8').split('\n')[0]))
      .filter((pid) => pid > 1);
  }
}

function filesNamed(name, directory, depth) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return depth > 0 ? filesNamed(name, path, depth - 1) : [];
    return entry.name === name ? [path] : [];
  });
}

async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const done = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function signalQuietly(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
