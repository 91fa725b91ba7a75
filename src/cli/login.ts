import { loadConfig } from '../config/load.ts';
import { GateError } from '../core/errors.ts';
import type { RemoteSpec, ServerSpec } from '../upstream/server-spec.ts';
import { type Io, print, tell } from './io.ts';
import { serverSpecs } from './server-specs.ts';

export interface LoginOptions {
  readonly config: string;
  readonly port: number;
}

/** Long enough for a person with a second factor. */
const timeoutMs = 300_000;

/** Logs in at one remote server in a browser; the gates of this config find the tokens by themselves. */
export async function loginTo(io: Io, server: string, options: LoginOptions): Promise<number> {
  const config = loadConfig(options.config, { env: io.env, servers: 'expand' });
  const spec = remoteSpec(server, serverSpecs(config));
  const { login } = await import('../upstream/http/oauth/login.ts');
  tell(io, 'open this address in a browser of this machine:');
  await login(spec, {
    port: options.port,
    timeoutMs,
    print: (url) => print(io, [url]),
  });
  tell(io, `logged in at "${server}"`);
  return 0;
}

function remoteSpec(server: string, specs: readonly ServerSpec[]): RemoteSpec {
  const spec = specs.find(({ key }) => key === server);
  if (spec?.kind === 'remote') return spec;
  const problem =
    spec === undefined ? 'is not in the config' : 'is started here, not reached by "url"';
  const remote = specs.filter(({ kind }) => kind === 'remote').map(({ key }) => key);
  throw new GateError('usage', `server "${server}" ${problem}`, {
    hint:
      remote.length === 0 ? 'no server of the config has a "url"' : `one of: ${remote.join(', ')}`,
  });
}
