import type { Clock } from '../../core/clock.ts';
import { GateError } from '../../core/errors.ts';
import type { Reader } from '../../store/contract.ts';
import { Failures } from './failures.ts';
import { resolveApprover } from './identity.ts';
import type { Approver } from './separation.ts';

/** Who is at the door; nobody is told more than this of why they are not let in. */
export type Admission =
  | { readonly kind: 'known'; readonly approver: Approver }
  | { readonly kind: 'refused' }
  /** Too many have failed under this name or from this address, or too many are being looked at. */
  | { readonly kind: 'later'; readonly retryAfterS: number };

interface GuardParts {
  readonly store: Reader;
  readonly clock: Clock;
}

const windowMs = 15 * 60_000;
const mostByName = 10;
const mostByAddress = 30;
const mostKeys = 10_000;
/** Each takes 32 MiB and tens of milliseconds of a core, and one of the four threads that files are read on, too. */
const mostAtOnce = 2;

/**
 * Lets approvers in who prove themselves from afar, and bounds guessing: by name and by address, known or not. Who is put
 * off was not looked at, a right credential included, and costs nothing; everybody else costs one derivation, whatever is
 * wrong. It can be used to keep an approver out of the page for a while; the command line takes the credential all the same.
 */
export class CredentialGuard {
  readonly #store: Reader;
  readonly #names: Failures;
  readonly #addresses: Failures;
  #looking = 0;

  constructor({ store, clock }: GuardParts) {
    this.#store = store;
    this.#names = new Failures({ clock, windowMs, mostKeys, most: mostByName });
    this.#addresses = new Failures({ clock, windowMs, mostKeys, most: mostByAddress });
  }

  async admit(credential: string, remoteAddress: string): Promise<Admission> {
    const name = credential.slice(0, Math.max(0, credential.indexOf(':'))).slice(0, 65);
    const address = networkOf(remoteAddress);
    const blockedMs = Math.max(this.#names.blockedMs(name), this.#addresses.blockedMs(address));
    if (blockedMs > 0) return { kind: 'later', retryAfterS: Math.ceil(blockedMs / 1000) };
    if (this.#looking >= mostAtOnce) return { kind: 'later', retryAfterS: 1 };
    this.#names.begin(name);
    this.#addresses.begin(address);
    this.#looking += 1;
    try {
      const approver = await this.#prove(credential);
      if (approver === undefined) return { kind: 'refused' };
      this.#names.succeed(name);
      this.#addresses.succeed(address);
      return { kind: 'known', approver };
    } finally {
      this.#looking -= 1;
    }
  }

  /** By the same proof as on the command line; there is no terminal here, so nothing weaker counts. */
  async #prove(credential: string): Promise<Approver | undefined> {
    const env = { MCP_GATE_APPROVER: credential };
    try {
      return await resolveApprover(this.#store, {
        env,
        isTerminal: false,
        osUser: '',
        as: undefined,
      });
    } catch (thrown) {
      if (thrown instanceof GateError && thrown.code === 'credential_refused') return undefined;
      throw thrown;
    }
  }
}

/** Who has one address of IPv6 has the whole network of it. */
function networkOf(address: string): string {
  const ipv4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? [] : Array.from({ length: 8 - groups.length }, () => '0');
  return [...groups, ...missing].slice(0, 4).join(':');
}
