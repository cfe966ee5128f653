// Looks like a stdio MCP server and forwards everything to a Streamable HTTP one: the official suite
// speaks HTTP only, the host under test stdio only.
//
//   node http_to_stdio.mjs URL
//
// What HTTP needs beside the messages (headers, session, streams) is made here; none of it says
// anything about the host.

const url = process.argv[2];
const metaVersion = 'io.modelcontextprotocol/protocolVersion';
const streamPatience = 5000;

let session; // given by the server's answer to initialize, legacy only
let negotiated; // protocol version of the legacy conversation
let inOrder = Promise.resolve(); // what the next message has to wait for

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const isRequest = (message) => message.method !== undefined && message.id !== undefined;

function headersFor(message) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const modern = message.params?._meta?.[metaVersion];
  if (modern) {
    headers['mcp-method'] = message.method;
    const name = message.params.name ?? message.params.uri ?? message.params.taskId;
    if (name !== undefined) headers['mcp-name'] = name;
  }
  return { ...headers, ...conversationHeaders(modern) };
}

function conversationHeaders(modern) {
  const headers = {};
  if (modern ?? negotiated) headers['mcp-protocol-version'] = modern ?? negotiated;
  if (session) headers['mcp-session-id'] = session;
  return headers;
}

/** The data of each server-sent event, as it arrives. */
async function* events(body) {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const whole = text.split(/\r?\n\r?\n/);
    text = whole.pop();
    for (const event of whole) {
      const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
      const data = lines.map((line) => line.slice(5).trim()).join('\n');
      if (data) yield data;
    }
  }
}

function deliver(request, answer) {
  if (request.method === 'initialize') negotiated = answer.result?.protocolVersion;
  tell(answer);
}

/** An HTTP refusal becomes the JSON-RPC error of the request it refused, whatever id it carries. */
function refuse(request, status, text) {
  let error = { code: -32603, message: `HTTP ${status}` };
  try {
    error = JSON.parse(text).error ?? error;
  } catch {
    // No JSON: the status says it all.
  }
  tell({ jsonrpc: '2.0', id: request.id, error });
}

async function relay(message, response) {
  if (response.headers.get('content-type')?.includes('text/event-stream')) {
    for await (const data of events(response.body)) deliver(message, JSON.parse(data));
    return;
  }
  const text = await response.text();
  // Whatever HTTP answers to a notification or a response is no message.
  if (!isRequest(message)) return;
  if (response.ok) deliver(message, JSON.parse(text));
  else refuse(message, response.status, text);
}

async function post(message) {
  const response = await fetch(url, { method: 'POST', headers: headersFor(message), body: JSON.stringify(message) });
  session = response.headers.get('mcp-session-id') ?? session;
  return response;
}

/** Requests of a legacy server that belong to no call come on a GET stream; waits until it is open. */
async function openStream() {
  const opening = fetch(url, { headers: { accept: 'text/event-stream', ...conversationHeaders() } });
  const reading = opening.then(async (response) => {
    if (!response.headers.get('content-type')?.includes('text/event-stream')) return response.body?.cancel();
    for await (const data of events(response.body)) tell(JSON.parse(data));
  });
  reading.catch((error) => console.error(`bridge: the GET stream ended: ${error.message}`));
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, streamPatience)));
  await Promise.race([opening.catch(() => {}), late]);
  clearTimeout(timer);
}

async function forward(message) {
  let sent;
  try {
    sent = await post(message);
  } catch (error) {
    if (isRequest(message)) refuse(message, `failed: ${error.cause?.message ?? error.message}`, '');
    return;
  }
  if (message.method === 'notifications/initialized') {
    await sent.body?.cancel();
    return openStream();
  }
  await relay(message, sent);
}

/** Requests may take their time; what has no answer must have arrived before the next message goes. */
function take(line) {
  const message = JSON.parse(line);
  const forwarded = inOrder.then(() => forward(message));
  const watched = forwarded.catch((error) => console.error(`bridge: ${error.stack}`));
  if (!isRequest(message)) inOrder = watched;
}

async function leave() {
  await inOrder;
  if (session && negotiated) {
    const ending = { method: 'DELETE', headers: conversationHeaders(), signal: AbortSignal.timeout(1000) };
    await fetch(url, ending).catch((error) => console.error(`bridge: DELETE: ${error.message}`));
  }
  process.exit(0);
}

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) if (line.trim()) take(line);
});
process.stdin.on('end', leave);
