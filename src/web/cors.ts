/** Headers by which pages of any origin may call a web action (OPENWHISK.md 1.5). */
const METHODS = 'OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH';
const HEADERS = 'Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent';

/** What a web action without `web-custom-options` answers with; `requested` is the preflight's Access-Control-Request-Headers. */
export const corsHeaders = (requested: string | undefined): [string, string][] => [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Methods', METHODS],
  ['Access-Control-Allow-Headers', requested ?? HEADERS],
];
