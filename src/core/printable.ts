// Controls, format and bidirectional marks, surrogates, unassigned, line separators, and what renders as nothing.
// Of the marks that stand upon a letter more than languages put there: piled up they cover the lines around.
const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=\p{M}{4})\p{M}/gu;

/**
 * Text of unknown origin as it may be shown in a terminal: whatever could move the cursor, reorder or hide text
 * stands as a `\u` escape. Inside a JSON text the result is the same JSON.
 */
export function printable(text: string): string {
  return text.replace(unsafe, escaped);
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
