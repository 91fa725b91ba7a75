// The last step of build.sh: compresses, hashes, lists the licences; with --check, compares only.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [built = '', mode = ''] = process.argv.slice(2);
const wasm = readFileSync(join(built, 'regoc.wasm'));
const capabilities = `${JSON.stringify(JSON.parse(readText('capabilities')).capabilities, null, 2)}\n`;

const embedded = `Open Policy Agent brings a prebuilt wasm library, part of regoc and of every policy that it compiles:
  libmpdec 2.4 (BSD-2-Clause), Copyright (c) 2008-2016 Stefan Krah
  RE2 (BSD-3-Clause), Copyright (c) 2003-2010 The RE2 Authors
  printf (MIT), Copyright (c) 2014-2019 PALANDesign Hannover, Germany
  parts of LLVM libc++ (Apache-2.0 WITH LLVM-exception)`;

if (mode === '--check') check();
else write();

function check() {
  const [committed = ''] = readFileSync('regoc.sha256', 'utf8').split(' ');
  const sameWasm = committed === sha256(wasm);
  const sameCapabilities = readFileSync('../capabilities.json', 'utf8') === capabilities;
  if (!sameWasm) fail(`regoc.wasm differs: expected ${committed}, got ${sha256(wasm)}`);
  if (!sameCapabilities) fail('capabilities.json differs from what regoc says');
}

function write() {
  const compressed = brotliCompressSync(wasm, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length,
    },
  });
  writeFileSync('regoc.wasm.br', compressed);
  writeFileSync(
    'regoc.sha256',
    `${sha256(wasm)}  regoc.wasm\n${sha256(compressed)}  regoc.wasm.br\n`,
  );
  writeFileSync('NOTICE', notice());
  writeFileSync('../capabilities.json', capabilities);
}

/** Names and versions first, then every distinct licence text once. */
function notice() {
  const parts = [goLibrary(), ...modules()];
  const texts = new Map();
  for (const part of parts) {
    for (const text of part.texts) texts.set(text, [...(texts.get(text) ?? []), part.name]);
  }
  const list = parts.map((part) => `  ${part.name}: ${part.licence}`).join('\n');
  const body = [...texts].map(
    ([text, names]) => `${'-'.repeat(72)}\n${names.join(', ')}\n\n${text}\n`,
  );
  return `regoc.wasm.br is made of the sources in this folder (Apache-2.0) and of\n\n${list}\n\n${embedded}\n\n${body.join('\n')}`;
}

function modules() {
  return readText('modules')
    .trim()
    .split('\n')
    .map((line) => {
      const [path = '', version = '', ...folder] = line.split(' ');
      return part(`${path} ${version}`, folder.join(' '));
    });
}

function goLibrary() {
  return part('Go standard library', readText('goroot').trim());
}

function part(name, folder) {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) =>
    readFileSync(join(folder, file), 'utf8').replace(/\r/g, '').trim(),
  );
  const licence = texts.map(licenceOf).find((each) => each !== undefined);
  if (licence === undefined) fail(`no known licence found for ${name}`);
  return { name, licence, texts };
}

function licenceOf(text) {
  if (/Apache License[\s\S]{0,80}Version 2\.0/.test(text)) return 'Apache-2.0';
  if (/Redistribution and use in source and binary forms/.test(text)) {
    return /Neither the name/.test(text) ? 'BSD-3-Clause' : 'BSD-2-Clause';
  }
  if (/Permission is hereby granted, free of charge/.test(text)) return 'MIT';
  return undefined;
}

function readText(name) {
  return readFileSync(join(built, name), 'utf8');
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
