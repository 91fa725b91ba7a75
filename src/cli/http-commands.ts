import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Act } from './act.ts';
import { explain } from './help.ts';
import type { LoginOptions } from './login.ts';
import type { ServeOptions } from './serve.ts';

/** Always the same, because some authorization servers compare the whole address. */
const loginPort = 33_418;

/** The gate as a server of many, and its way to servers elsewhere. */
export function addHttpCommands(program: Command, act: Act): void {
  addServe(program, act);
  addLogin(program, act);
}

function addServe(program: Command, act: Act): void {
  explain(program.command('serve'), {
    summary: 'the HTTP gate, for any number of clients',
    sentence:
      'Runs the gate over HTTP until it is told to stop; clients connect to its address, which it prints.',
    examples: [
      ['on this machine alone', 'mcp-gate serve --config mcp-config.json'],
      [
        'for others, who need a token or an issuer in the config',
        'mcp-gate serve --config mcp-config.json --host 0.0.0.0 --port 8787',
      ],
    ],
  })
    .requiredOption('--config <FILE>', 'the config of the gate')
    .option('--host <HOST>', 'listen there, not where the config says')
    .addOption(portOption('listen on it, not on what the config says'))
    .action(
      act(async (io, options: ServeOptions) => {
        const { serve } = await import('./serve.ts');
        return serve(io, options);
      }),
    );
}

function addLogin(program: Command, act: Act): void {
  explain(program.command('login'), {
    summary: 'logs in at a remote server that wants OAuth',
    sentence:
      'Prints an address to open in a browser, waits for its answer, and keeps the tokens for the gate.',
    examples: [['a server of the config', 'mcp-gate login tickets --config mcp-config.json']],
  })
    .argument('<SERVER>', 'its key in "mcpServers"')
    .requiredOption('--config <FILE>', 'the config of the gate')
    .addOption(portOption('where the browser comes back to').default(loginPort))
    .action(
      act(async (io, server: string, options: LoginOptions) => {
        const { loginTo } = await import('./login.ts');
        return loginTo(io, server, options);
      }),
    );
}

function portOption(what: string): Option {
  return new Option('--port <PORT>', what).argParser((text) => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (port <= 65_535) return port;
    throw new InvalidArgumentError('expected a port from 0 to 65535');
  });
}
