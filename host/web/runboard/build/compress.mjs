// Writes NAME.br and NAME.gz beside every text file of the built page, and fails when the shell grows
// beyond its budget: the server only ever sends bytes, it never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const SHELL_BUDGET = 60 * 1024;
const root = resolve(process.env.RUNBOARD_OUT || 'dist');

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.(html|js|css|svg|json|txt)$/.test(name)) yield path;
  }
}

let shell = 0;
for (const path of files(root)) {
  const plain = readFileSync(path);
  const brotli = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  shell += brotli.length;
}
console.log(`shell: ${(shell / 1024).toFixed(1)} KiB brotli of ${SHELL_BUDGET / 1024}`);
if (shell > SHELL_BUDGET) {
  console.error('The shell is over its budget: load what is rarely needed lazily.');
  process.exit(1);
}
