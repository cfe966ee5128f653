// The same on the TypeScript SDK 2.x, which speaks 2026-07-28 to a client that does.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod/v4';

const content = (text) => ({ content: [{ type: 'text', text }] });
const echo = async ({ text }) => content(text);
const big = async ({ size }) => content('x'.repeat(size));
serveStdio(() => {
  const server = new McpServer({ name: 'sdk2', version: '1' });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, echo);
  server.registerTool('big', { inputSchema: z.object({ size: z.number().int() }) }, big);
  return server;
});
