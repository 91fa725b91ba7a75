/** A fenced block: the first word behind the fence, the words after it, and the text between. */
export interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly line: number;
}

/** The fenced code blocks of a Markdown page, in order; an indented fence counts with its indentation taken off. */
export function readBlocks(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^(\s*)(```+)\s*(.*)$/.exec(lines[at] ?? '');
    if (fence === null) continue;
    const [, indent = '', ticks = '', info = ''] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end < 0) throw new Error(`block at line ${at + 1} has no end`);
    const [language = '', ...words] = info.trim().split(/\s+/);
    const inside = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ language, words, text: `${inside.join('\n')}\n`, line: at + 1 });
    at = end;
  }
  return blocks;
}
