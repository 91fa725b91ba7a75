/** Pages for people, below one address. Who may see what is theirs to find out: the face asks nobody for a token there. */
export interface Pages {
  /** Where people's browsers find them, without a slash at its end: each page is one name below it. */
  readonly url: string;
  /** The style sheet that each of them holds, and the only one that a browser may use there. */
  readonly style: string;
  /** Never rejects. */
  answer(visit: PageVisit): Promise<PageAnswer>;
}

/** What came from a browser, all of it a stranger's word but for the address. */
export interface PageVisit {
  readonly name: string;
  /** The fields of the form that was sent, each once; undefined for a look without one. */
  readonly fields: ReadonlyMap<string, string> | undefined;
  readonly remoteAddress: string;
}

export interface PageAnswer {
  readonly status: number;
  /** A whole document. */
  readonly html: string;
  readonly retryAfterS?: number;
}
