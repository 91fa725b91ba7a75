import { sep } from 'node:path';

/** Knows the files and folders that the gate itself lives on. */
export interface PathGuard {
  /** One of them, or something in one. */
  protects(real: string): boolean;
  /** A folder above one of them: who moves or removes it moves or removes that. */
  isAbove(real: string): boolean;
}

/** `protectedPaths` are real paths; so must be what is asked about. */
export function createGuard(protectedPaths: readonly string[]): PathGuard {
  const folders = protectedPaths.map((each) => asFolder(each));
  return {
    protects: (real) => {
      const asked = asFolder(real);
      return folders.some((each) => asked.startsWith(each));
    },
    isAbove: (real) => {
      const asked = asFolder(real);
      return folders.some((each) => each !== asked && each.startsWith(asked));
    },
  };
}

function asFolder(path: string): string {
  const folded = fold(path);
  return folded.endsWith(sep) ? folded : folded + sep;
}

// One name may be spelled in two ways, and the default file systems of macOS and Windows ignore case.
function fold(path: string): string {
  const composed = path.normalize('NFC');
  return process.platform === 'linux' ? composed : composed.toLowerCase();
}
