import { GateError } from '../../core/errors.ts';

/** The URL of a remote server; throws `upstream_unavailable` without repeating it, for it may hold secrets. */
export function remoteUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new GateError('upstream_unavailable', '"url" must begin with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw new GateError(
      'upstream_unavailable',
      '"url" must not hold a user or a password: use "headers"',
    );
  }
  return url;
}
