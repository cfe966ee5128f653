// Looks like a Streamable HTTP MCP server and forwards everything to stdio ones: the official suite
// speaks HTTP only, the servers under test stdio only.
//
//   node stdio_to_http.mjs COMMAND ARGUMENT...       prints its URL once it listens; ends with its stdin
//
// A legacy session gets a server process of its own, all modern requests share one. What HTTP needs
// beside the messages (status codes, sessions, header checks, streams) is made here; none of it says
// anything about the server.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const [command, ...args] = process.argv.slice(2);
const metaOf = (message) => message.params?._meta ?? {};
const versionKey = 'io.modelcontextprotocol/protocolVersion';
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';
const headerMismatch = -32020;
const statusOf = { [-32601]: 404, [-32602]: 400, [headerMismatch]: 400, [-32021]: 400, [-32022]: 400 };

/** One server process, and the HTTP exchanges that wait for it. */
class Server {
  constructor() {
    this.waiting = new Map(); // our request id -> exchange
    this.lastId = 0;
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdin.on('error', () => {}); // it ended: its exit says so
    this.child.on('exit', () => this.fail());
    let rest = '';
    this.child.stdout.setEncoding('utf8');
    this.child.stdout.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) this.take(JSON.parse(line));
    });
  }

  tell(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  fail() {
    for (const exchange of this.waiting.values()) exchange.response.destroy();
    this.waiting.clear();
  }

  /** Ids and tokens of different HTTP clients may be the same, so here they get new ones. */
  forward(message, response) {
    const id = ++this.lastId;
    const exchange = { response, id: message.id, token: metaOf(message).progressToken, method: message.method };
    exchange.modern = metaOf(message)[versionKey] !== undefined || !this.isLegacy;
    const sent = { ...message, id };
    if (exchange.token !== undefined)
      sent.params = { ...message.params, _meta: { ...metaOf(message), progressToken: id } };
    this.waiting.set(id, exchange);
    response.on('close', () => {
      if (!this.waiting.delete(id)) return;
      this.tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    });
    this.tell(sent);
  }

  take(message) {
    const exchange = message.method === undefined ? this.waiting.get(message.id) : undefined;
    if (message.method !== undefined) this.takeUnasked(message);
    else if (exchange) this.answer(exchange, message);
    else if (message.id == null) console.error(`bridge: no request of its own: ${JSON.stringify(message)}`);
  }

  answer(exchange, message) {
    this.waiting.delete(message.id);
    const answer = { ...message, id: exchange.id };
    if (answer.result?._meta?.[subscriptionKey] !== undefined)
      answer.result._meta[subscriptionKey] = exchange.id;
    if (exchange.response.headersSent) {
      sendEvent(exchange.response, answer);
      exchange.response.end();
    } else {
      const status = exchange.modern && answer.error ? (statusOf[answer.error.code] ?? 200) : 200;
      sendJson(exchange.response, status, answer, this.session && { 'mcp-session-id': this.session });
    }
  }

  /** Notifications, and requests of a legacy server, go where stdio says they belong, else to the newest. */
  takeUnasked(message) {
    const subscription = metaOf(message)[subscriptionKey];
    let exchange;
    if (subscription !== undefined) {
      exchange = this.waiting.get(subscription);
      if (exchange) message.params._meta[subscriptionKey] = exchange.id;
    } else if (message.method === 'notifications/progress') {
      exchange = this.waiting.get(message.params.progressToken);
      if (exchange) message.params.progressToken = exchange.token;
    } else {
      exchange = [...this.waiting.values()].filter((each) => each.method !== 'subscriptions/listen').pop();
    }
    const response = exchange?.response ?? this.stream;
    if (response) sendEvent(response, message, this.session);
  }

  stop() {
    this.child.stdin.end();
  }
}

function sendEvent(response, message, session) {
  if (!response.headersSent) openEvents(response, session);
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

function openEvents(response, session) {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
  response.writeHead(200, session ? { ...headers, 'mcp-session-id': session } : headers);
  response.flushHeaders();
}

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const refuse = (response, status, message, code, text) =>
  sendJson(response, status, { jsonrpc: '2.0', id: message?.id ?? null, error: { code, message: text } });

/** What the headers of a modern request say otherwise than its body; undefined when they agree. */
function disagreement(headers, message) {
  const version = metaOf(message)[versionKey];
  if (version === undefined) return undefined;
  if (headers['mcp-protocol-version'] !== version) return 'MCP-Protocol-Version';
  if (headers['mcp-method'] !== undefined && headers['mcp-method'] !== message.method) return 'Mcp-Method';
  const { name, uri, taskId } = message.params ?? {};
  const wanted = { 'tools/call': name, 'prompts/get': name, 'resources/read': uri, 'tasks/get': taskId,
    'tasks/update': taskId, 'tasks/cancel': taskId }[message.method];
  const given = headers['mcp-name']?.trim();
  return given !== undefined && wanted !== undefined && given !== wanted ? 'Mcp-Name' : undefined;
}

const sessions = new Map();
let shared; // by all modern requests

function serverFor(headers, message, response) {
  const session = headers['mcp-session-id'];
  if (message.method === 'initialize' && metaOf(message)[versionKey] === undefined) {
    const server = new Server();
    server.session = randomUUID();
    server.isLegacy = true;
    sessions.set(server.session, server);
    return server;
  }
  if (session !== undefined) {
    if (!sessions.has(session)) refuse(response, 404, message, -32600, 'this session is over');
    return sessions.get(session);
  }
  shared ??= new Server();
  return shared;
}

function post(request, response, body) {
  let message;
  try {
    message = JSON.parse(body);
  } catch {
    return refuse(response, 400, null, -32700, 'no JSON');
  }
  const wrong = disagreement(request.headers, message);
  if (wrong) return refuse(response, 400, message, headerMismatch, `${wrong} does not match the body`);
  const server = serverFor(request.headers, message, response);
  if (!server) return undefined;
  if (message.method !== undefined && message.id !== undefined) return server.forward(message, response);
  server.tell(message);
  return response.writeHead(202).end();
}

/** The stream for what a legacy server says on its own account. */
function openStream(request, response) {
  const server = sessions.get(request.headers['mcp-session-id']);
  if (!server) return response.writeHead(405, { allow: 'POST' }).end();
  server.stream = response;
  response.on('close', () => (server.stream = undefined));
  return openEvents(response);
}

function endSession(request, response) {
  const server = sessions.get(request.headers['mcp-session-id']);
  sessions.delete(request.headers['mcp-session-id']);
  server?.stop();
  response.writeHead(server ? 204 : 404).end();
}

const bridge = http.createServer((request, response) => {
  if (request.method === 'GET') return openStream(request, response);
  if (request.method === 'DELETE') return endSession(request, response);
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (data) => (body += data));
  request.on('end', () => post(request, response, body));
  return undefined;
});
bridge.listen(0, '127.0.0.1', () => console.log(`http://localhost:${bridge.address().port}/mcp`));

process.stdin.on('end', () => {
  for (const server of [...sessions.values(), shared]) server?.stop();
  process.exit(0);
});
process.stdin.resume();
