/** Longer URIs and templates with more parts fit nothing: both come from strangers, and the work is their product. */
const uriCharacters = 4_096;
const templateParts = 33;

export type UriTemplate = (uri: string) => boolean;

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  /** `{var}` stands for one segment, every other expression for any text. */
  | { readonly kind: 'variable'; readonly wide: boolean };

/**
 * Whether a URI may be an expansion of an RFC 6570 template. The work grows with the lengths and never with their
 * combinations, which a regular expression made of the template could not promise.
 */
export function compileTemplate(template: string): UriTemplate {
  const parts = splitTemplate(template);
  if (parts === undefined || parts.length > templateParts) return () => false;
  return (uri) => {
    if (uri.length > uriCharacters) return false;
    let reachable = new Uint8Array(uri.length + 1);
    reachable[0] = 1;
    for (const part of parts) {
      reachable =
        part.kind === 'literal'
          ? behind(uri, part.text, reachable)
          : spread(uri, part.wide, reachable);
      if (!reachable.includes(1)) return false;
    }
    return reachable[uri.length] === 1;
  };
}

/** Whether its scheme is not for the caller to choose: one that begins with a variable may stand for any URI at all. */
export function hasScheme(template: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(template);
}

function splitTemplate(template: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (!piece.startsWith('{') || !piece.endsWith('}')) {
      if (/[{}]/.test(piece)) return undefined;
      parts.push({ kind: 'literal', text: piece });
    } else {
      parts.push({ kind: 'variable', wide: !/^\{\w/.test(piece) });
    }
  }
  return parts;
}

/** The positions behind `text`, where it begins at a reachable one. */
function behind(uri: string, text: string, from: Uint8Array): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(uri.length + 1);
  for (let at = from.indexOf(1); at >= 0; at = from.indexOf(1, at + 1)) {
    if (uri.startsWith(text, at)) to[at + text.length] = 1;
  }
  return to;
}

/** The positions that a variable reaches: all behind a reachable one, up to the end of the segment unless it is wide. */
function spread(uri: string, wide: boolean, from: Uint8Array): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(uri.length + 1);
  let open = false;
  for (let at = 0; at <= uri.length; at += 1) {
    if (open && at > 0 && !wide && '/?#'.includes(uri.charAt(at - 1))) open = false;
    // Simple expressions are not empty; the others may be.
    if (open || (wide && from[at] === 1)) to[at] = 1;
    if (from[at] === 1) open = true;
  }
  return to;
}
