import { Option } from 'commander';
import type { Format } from './io.ts';

export interface StateOptions {
  readonly config?: string;
}

export interface ReadingOptions extends StateOptions {
  readonly format: Format;
}

export function configOption(): Option {
  return new Option(
    '--config <FILE>',
    'the config of the gate (else MCP_GATE_CONFIG, ./mcp-config.json, MCP_GATE_HOME)',
  );
}

export function formatOption(): Option {
  return new Option('--format <FORMAT>', 'text for people, json for programs')
    .choices(['text', 'json'])
    .default('text');
}
