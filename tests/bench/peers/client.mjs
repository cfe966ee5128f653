// A client of a TypeScript SDK beside which bench_mcp measures ours, driven by lines on stdin:
//   node client.mjs 1|2 COMMAND ARGUMENT...
//   -> {"times":N,"tool":..,"arguments":{..}}            N calls one after the other: {"seconds":[..]}
//   -> {"times":N,"tool":..,"arguments":{..},"flights":K} K callers of N calls: {"perSecond":x}
//   -> {"memory":true}                                   {"rssKb":n}
// Every line is answered by one. It ends with its stdin.
import fs from 'node:fs';
import readline from 'node:readline';

const [sdk, command, ...args] = process.argv.slice(2);
const name = sdk === '1' ? '@modelcontextprotocol/sdk/client' : '@modelcontextprotocol/client';
const { Client } = await import(sdk === '1' ? `${name}/index.js` : name);
const { StdioClientTransport } = await import(sdk === '1' ? `${name}/stdio.js` : `${name}/stdio`);

// Declares what ours does: a 2026-07-28 server reads it anew with every request.
const capabilities = {
  elicitation: { form: {}, url: {} },
  extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.opsroom/artifact-file': {} },
};
const options = sdk === '1' ? {} : { capabilities, versionNegotiation: { mode: 'auto' } };
const client = new Client({ name: 'bench', version: '1' }, options);
// The SDK 2 gives up at 10 MB of unread input unless told otherwise.
await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore', maxBufferSize: 64 << 20 }));

const now = () => performance.now() / 1e3;

async function call({ tool, arguments: given }) {
  const result = await client.callTool({ name: tool, arguments: given });
  if (result.isError || !result.content[0].text.length) throw new Error('a call failed');
}

async function oneByOne(job) {
  const seconds = [];
  for (let i = 0; i < job.times; ++i) {
    const begin = now();
    await call(job);
    seconds.push(now() - begin);
  }
  return { seconds };
}

async function many(job) {
  const caller = async () => {
    for (let i = 0; i < job.times; ++i) await call(job);
  };
  const begin = now();
  await Promise.all(Array.from({ length: job.flights }, caller));
  return { perSecond: (job.times * job.flights) / (now() - begin) };
}

function memory() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return { rssKb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const answer = job.memory ? memory() : await (job.flights ? many(job) : oneByOne(job));
  console.log(JSON.stringify(answer));
}
await client.close();
process.exit(0);
