import { gzipSync } from 'node:zlib';
import { GateError } from '../core/errors.ts';

const blockBytes = 512;

/** A `.tar.gz` (POSIX ustar) of these files, without times and owners, so that equal files give equal bytes. */
export function packFiles(files: readonly (readonly [path: string, bytes: Buffer])[]): Buffer {
  const blocks = files.flatMap(([path, bytes]) => [header(path, bytes.length), padded(bytes)]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]), { level: 9 });
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const [prefix, name] = splitPath(path);
  block.write(name, 0, 100);
  block.write('0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(`${'0'.repeat(11)}\0`, 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A long path is cut at a slash into a prefix of at most 155 bytes and a name of at most 100. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  const slash = path.indexOf('/', Math.max(1, path.length - 101));
  const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
  if (slash > 0 && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) {
    return [prefix, name];
  }
  throw new GateError('policy_invalid', `policy file "${path}" has a path too long for a bundle`);
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % blockBytes;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(blockBytes - rest)]);
}
