const gutter = '│ ';

/**
 * Printable text as lines of at most `columns` cells, broken here and not by the terminal: whatever a stranger wrote stands
 * behind a gutter from the second line on, and from the first with `margin`, so that it never looks like a line of ours.
 */
export function wrap(text: string, columns: number, margin: 'margin' | 'none' = 'none'): string[] {
  const lines: string[] = [];
  let line = margin === 'margin' ? gutter : '';
  let cells = cellsOf(line);
  let isEmpty = true;
  for (const character of text) {
    const width = cellsOf(character);
    if (cells + width > columns && !isEmpty) {
      lines.push(line);
      line = gutter;
      cells = cellsOf(gutter);
    }
    line += character;
    cells += width;
    isEmpty = false;
  }
  return [...lines, line];
}

/** The beginning of a printable text that takes at most `columns` cells. */
export function cut(text: string, columns: number): string {
  let kept = '';
  let cells = 0;
  for (const character of text) {
    cells += cellsOf(character);
    if (cells > columns) return kept;
    kept += character;
  }
  return kept;
}

/** Never less than a terminal takes, whatever its fonts and its locale: what is counted too wide only breaks sooner. */
function cellsOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += character <= '~' ? 1 : 2;
  return cells;
}
