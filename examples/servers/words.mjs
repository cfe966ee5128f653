// Counts words: the same tool as words.cpp and words.py, as an MCP server with the official SDK.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "words-ts", version: "1.0.0" });

server.registerTool(
  "count",
  {
    description: "Counts the words of a text.",
    inputSchema: {
      text: z.string().describe("The text"),
      at_least: z.number().int().min(1).default(1).describe("Letters a word must have"),
    },
    outputSchema: { words: z.number().int(), longest: z.string() },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  async ({ text, at_least }) => {
    const words = text.split(/\s+/).filter((word) => word.length >= at_least);
    const longest = words.reduce((best, word) => (word.length > best.length ? word : best), "");
    const data = { words: words.length, longest };
    return { content: [{ type: "text", text: JSON.stringify(data) }], structuredContent: data };
  },
);

await server.connect(new StdioServerTransport());
