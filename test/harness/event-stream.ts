/** One server-sent event. */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

/** The events of a body as they come, those of one read together; events without data are none. */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly StreamEvent[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    yield blocks.map(eventOf).filter(({ data }) => data !== '');
  }
}

function eventOf(block: string): StreamEvent {
  const lines = block.split('\n');
  const field = (name: string): string[] =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => withoutName(line, name));
  return { type: field('event')[0] ?? 'message', data: field('data').join('\n') };
}

function withoutName(line: string, name: string): string {
  return line.slice(name.length + 1).replace(/^ /, '');
}
