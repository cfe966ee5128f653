import { afterEach, describe, expect, test, vi } from 'vitest';
import { EventStream, SseParser, type Message, type StreamState } from '../stream';

function parse(...chunks: string[]): Message[] {
  const messages: Message[] = [];
  const parser = new SseParser((message) => messages.push(message));
  for (const chunk of chunks) parser.push(chunk);
  return messages;
}

const WHOLE =
  ': hello\r\nid: a:1\r\nevent: event\r\ndata: {"x":\r\ndata: 1}\r\n\r\n: ping\n\nid: a:2\nevent: event\ndata:{"y":2}\n\nevent: end\ndata:\n\n';
const MESSAGES = [
  { id: 'a:1', event: 'event', data: '{"x":\n1}' },
  { id: 'a:2', event: 'event', data: '{"y":2}' },
  { id: null, event: 'end', data: '' },
];

describe('SseParser', () => {
  test('reads ids, events and data of several lines', () => {
    expect(parse(WHOLE)).toEqual(MESSAGES);
  });

  test('gives the same messages wherever the stream is cut in two', () => {
    for (let at = 0; at <= WHOLE.length; at++) {
      expect(parse(WHOLE.slice(0, at), WHOLE.slice(at))).toEqual(MESSAGES);
    }
  });

  test('gives the same messages when every character comes alone', () => {
    expect(parse(...WHOLE)).toEqual(MESSAGES);
  });

  test('comments and blank lines are no messages and move no cursor', () => {
    expect(parse(': ping\n\n\n\n: ping\n\n')).toEqual([]);
  });

  test('an unfinished message is not delivered', () => {
    expect(parse('id: 1\ndata: half\n')).toEqual([]);
  });

  test('one blank after the colon belongs to the format, the next to the value', () => {
    expect(parse('data:  two\n\n')[0]!.data).toBe(' two');
  });
});

const TIMING = { firstDelayMs: 1, maxDelayMs: 4, silenceMs: 1_000 };

/** Answers each request with the next of `bodies`; the last one stays open. */
function serve(bodies: (string | number)[]): (string | null)[] {
  const cursors: (string | null)[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    cursors.push(new Headers(init.headers).get('Last-Event-ID'));
    const body = bodies[cursors.length - 1];
    if (body === undefined) return new Response(new ReadableStream({}));
    if (typeof body === 'number') return new Response('{}', { status: body });
    return new Response(body);
  });
  return cursors;
}

function read(count: number): Promise<{ data: string[]; states: StreamState[] }> {
  const data: string[] = [];
  const states: StreamState[] = [];
  return new Promise((resolve) => {
    const finish = (): void => {
      stream.stop();
      resolve({ data, states });
    };
    const stream = new EventStream(
      '/api/stream',
      {
        onMessage: (message) => {
          data.push(message.data);
          if (data.length === count) finish();
        },
        onState: (state) => {
          states.push(state);
          if (state.kind === 'ended') finish();
        },
      },
      TIMING,
    );
    stream.start();
  });
}

describe('EventStream', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('resumes after the last message it got, not after half a one', async () => {
    const cursors = serve(['id: c1\ndata: one\n\nid: c2\ndata: tw', 'id: c2\ndata: two\n\n']);
    expect((await read(2)).data).toEqual(['one', 'two']);
    expect(cursors).toEqual([null, 'c1']);
  });

  test('keeps its cursor through refusals that may pass', async () => {
    const cursors = serve(['id: c1\ndata: one\n\n', 503, 429, 'id: c2\ndata: two\n\n']);
    const { data, states } = await read(2);
    expect(data).toEqual(['one', 'two']);
    expect(cursors).toEqual([null, 'c1', 'c1', 'c1']);
    expect(states.filter((state) => state.kind === 'broken')).toHaveLength(3);
  });

  test('a message without an id does not move the cursor', async () => {
    const cursors = serve(['id: c1\ndata: one\n\ndata: control\n\n', 'id: c2\ndata: two\n\n']);
    await read(3);
    expect(cursors[1]).toBe('c1');
  });

  test('stops for good when the server says end', async () => {
    serve(['id: c1\ndata: one\n\nevent: end\ndata: {}\n\n']);
    expect((await read(9)).states.at(-1)).toEqual({ kind: 'ended', error: null });
  });

  test('stops for good when it is refused', async () => {
    const cursors = serve([404]);
    expect((await read(1)).states.at(-1)).toMatchObject({ kind: 'ended', error: { status: 404 } });
    expect(cursors).toHaveLength(1);
  });

  test('says since when nothing was heard', async () => {
    serve(['id: c1\ndata: one\n\n', 'id: c2\ndata: two\n\n']);
    const broken = (await read(2)).states.find((state) => state.kind === 'broken');
    expect(broken).toMatchObject({ kind: 'broken', lastHeard: expect.any(Number) });
  });
});
