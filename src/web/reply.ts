/** The answer to a web request before it is written: what HTTP/1, HTTP/2, the gateway and its cache have in common. */
export interface WebReply {
  readonly status: number;
  /** Other than Content-Type and Content-Length; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The Content-Type; undefined when there is no entity. */
  readonly type?: string;
  readonly body?: string | Buffer;
  /** Carries no transaction id (the 500 of an array result, OPENWHISK.md 4.5). */
  readonly bare?: boolean;
}
