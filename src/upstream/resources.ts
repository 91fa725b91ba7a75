import type { JsonObject } from '../core/json.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import type { CatalogItem } from './contract.ts';
import { shown, type WithheldName } from './names.ts';
import { compileTemplate, hasScheme, type UriTemplate } from './uri-template.ts';

/** One resource or resource template as a server listed it. */
export interface ListedResource {
  readonly server: string;
  readonly definition: JsonObject;
}

export interface ResourceView {
  readonly items: readonly CatalogItem[];
  /** The server of each URI or URI template; undefined where several servers list the same. */
  readonly servers: ReadonlyMap<string, string | undefined>;
  readonly withheld: readonly WithheldName[];
}

/** Longer ones are no use to anybody and only make later look-ups slow. */
const uriCharacters = 8_192;

type UriMember = 'uri' | 'uriTemplate';

/** Resources keep their URIs; what two servers list under the same URI can be had from neither. */
export function resourceView(
  resources: readonly ListedResource[],
  member: UriMember,
): ResourceView {
  const servers = new Map<string, string | undefined>();
  for (const { server, definition } of resources) {
    const uri = uriOf(definition, member);
    if (uri === undefined) continue;
    const other = servers.has(uri) ? servers.get(uri) : server;
    servers.set(uri, other === server ? server : undefined);
  }
  const items: CatalogItem[] = [];
  const withheld: WithheldName[] = [];
  for (const { server, definition } of resources) {
    const uri = uriOf(definition, member);
    if (uri !== undefined && servers.get(uri) === server) {
      items.push({ server, name: uri, definition: withoutReserved(definition) });
    } else {
      withheld.push({ server, name: shown(definition[member]), reason: fault(uri, member) });
    }
  }
  return { items, servers, withheld };
}

function uriOf(definition: JsonObject, member: UriMember): string | undefined {
  const uri = definition[member];
  return typeof uri === 'string' && uri.length <= uriCharacters ? uri : undefined;
}

function fault(uri: string | undefined, member: UriMember): string {
  return uri === undefined
    ? `"${member}" must be a string of at most ${uriCharacters} characters`
    : `"${member}" is listed by more than one server`;
}

interface CompiledTemplate {
  readonly server: string | undefined;
  readonly fits: UriTemplate;
}

/** Says which server a URI belongs to, by what the servers list. */
export class ResourceRoutes {
  readonly #exact: ReadonlyMap<string, string | undefined>;
  readonly #templates: readonly CompiledTemplate[];

  constructor(resources: ResourceView, templates: ResourceView) {
    this.#exact = resources.servers;
    // Without a scheme of its own a template would draw the URIs of all other servers to its own; it is only listed.
    this.#templates = [...templates.servers]
      .filter(([template]) => hasScheme(template))
      .map(([template, server]) => ({ server, fits: compileTemplate(template) }));
  }

  /** `unlisted` when neither a resource nor a template says anything about it; undefined when several servers do. */
  serverOf(uri: string): { readonly server: string | undefined } | 'unlisted' {
    if (this.#exact.has(uri)) return { server: this.#exact.get(uri) };
    const fitting = this.#templates.filter((template) => template.fits(uri));
    const [first] = fitting;
    if (first === undefined) return 'unlisted';
    const isAgreed = fitting.every((template) => template.server === first.server);
    return { server: isAgreed ? first.server : undefined };
  }
}
