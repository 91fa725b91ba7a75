/** Equal for all keys that Unicode's simple folding makes equal; lower case comes first because of "ẞ". */
export function foldOf(key: string): string {
  return isFolded(key) ? key : key.toLowerCase().toUpperCase().toLowerCase();
}

/** ASCII without capital letters. */
function isFolded(key: string): boolean {
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code > 0x7f || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return true;
}
