import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a git repository with one commit; `files` maps names to contents. */
export function makeRepository(directory, files) {
  mkdirSync(directory, { recursive: true });
  const git = (...words) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'init.defaultBranch=main', ...words], {
      cwd: directory,
      stdio: 'pipe',
      timeout: 20_000,
    });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'Start');
  return directory;
}
