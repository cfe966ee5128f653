// An MCP server on the TypeScript SDK 1.x with the tools of mcp_echo_server.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const tools = [
  { name: 'echo', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } },
  { name: 'big', inputSchema: { type: 'object', properties: { size: { type: 'integer' } } } },
];
const server = new Server({ name: 'sdk1', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools }));
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  const { text, size } = params.arguments;
  return { content: [{ type: 'text', text: params.name === 'big' ? 'x'.repeat(size) : text }] };
});
await server.connect(new StdioServerTransport());
