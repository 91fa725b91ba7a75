/** The server-sent events of a body, as they come: `{ event, data }`. */
export async function* events(body) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => line.split(/: ?(.*)/s));
      const data = fields
        .filter(([name]) => name === 'data')
        .map(([, value]) => value)
        .join('\n');
      const event = fields.find(([name]) => name === 'event')?.[1] ?? 'message';
      if (data !== '') yield { event, data };
    }
  }
}
