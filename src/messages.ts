/**
 * Every text a client can see. Exact, upstream's spelling included; the section of OPENWHISK.md is named where it helps.
 * Tests compare with these.
 */

/** Default texts by status, used when the code path has none of its own (1.2). */
export const defaultText: Readonly<Record<number, string>> = {
  400: 'The request contains bad syntax or cannot be fulfilled.',
  401: 'Authentication is possible but has failed or not yet been provided.',
  403: 'The supplied authentication is not authorized to access this resource.',
  404: 'The requested resource does not exist.',
  409: 'The request could not be processed because of conflict in the request, such as an edit conflict.',
  413: 'The request is larger than the server is willing or able to process.',
  429: 'The user has sent too many requests in a given amount of time.',
  500: 'There was an internal server error.',
  501: 'The server either does not recognize the request method, or it lacks the ability to fulfill the request.',
  503: 'The server is currently unavailable (because it is overloaded or down for maintenance).',
};

const URI_TOO_LONG = 'URI length exceeds the configured limit of 8192 characters';

/** Framework-level refusals (1.1, 1.3). */
export const http = {
  noRoute: 'The requested resource could not be found.',
  methodNotAllowed: (methods: string) => `HTTP method not allowed, supported methods: ${methods}`,
  authMissing: 'The resource requires authentication, which was not supplied with the request',
  authInvalid: 'The supplied authentication is invalid',
  malformed: (detail: string) => `The request content was malformed:\n${detail}`,
  badQuery: (name: string, detail: string) => `The query parameter '${name}' was malformed:\n${detail}`,
  badBoolean: (value: string) => `'${value}' is not a valid Boolean value`,
  unsupportedType: (type: string) =>
    `The request's Content-Type [${type}] is not supported. Expected:\napplication/json`,
  notAcceptable: (type: string) => `Resource representation is only available with these types:\n${type}`,
  bodyTooLarge: 'Request too large',
  uriTooLong: URI_TOO_LONG,
  /** For web actions with the words of the nginx that stands before OpenWhisk: its system tests look for them. */
  webUriTooLong: `414 Request-URI Too Large: ${URI_TOO_LONG}`,
  illegalTarget: (detail: string) => `Illegal request-target: ${detail}`,
  unreadableTarget: 'expected a path or a URL',
  objectExpected: 'JSON object expected',
  objectExpectedInField: (field: string) => `Object expected in field '${field}'`,
  nestedTooDeeply: (max: number) =>
    `JSON input nested too deeply:JSON input was nested more deeply than the configured limit of maxNesting = ${max}`,
  truncatedBody: 'Entity stream truncation',
  stopping: 'The server is stopping. The activation is kept and runs when the server is started again.',
  untrustedHost: (host: string) =>
    `The host '${host}' is not a name of this server. Use the address it printed at start, or name it with --allowed-host.`,
  untrustedOrigin: (origin: string) =>
    `Cross-origin calls from '${origin}' are not allowed. Send your own credentials, or allow the origin with --cors-origin.`,
};

/** Names, paths and ids (1.4). */
export const names = {
  illegalEntity: 'The name of the entity contains illegal characters.',
  entityTooLong: (n: number, max: number) => `Name segement longer than allowed: ${n} > ${max}.`,
  illegalNamespace: 'The namespace contains illegal characters.',
  namespaceTooLong: (n: number, max: number) => `Namespace longer than allowed: ${n} > ${max}.`,
  activationIdLength: (n: number) => `Activation id length is ${n} but must be 32.`,
  activationIdIllegal: 'The activation id is not valid.',
  tooFewSegments:
    'requirement failed: The fully qualified name of the entity must contain at least the namespace and the name of the entity.',
  malformedFqn: 'fully qualified name malformed',
  malformedName: 'entity name malformed',
};

/** Reading and writing entities (1.8, 2.x). */
export const entity = {
  notFound: (name: string) => `The requested resource '${name}' does not exist.`,
  exists: 'resource already exists',
  conflict: 'Concurrent modification to resource detected.',
  otherCollection: 'Resource by this name exists but is not in this collection.',
  corrupt: 'Resource is corrupted and cannot be read.',
  tooLarge: (field: 'exec' | 'parameters' | 'annotations', size: number, max: number) =>
    `${field} larger than allowed: ${size} > ${max} bytes.`,
  requestTooLarge: (size: number, max: number) => `Request larger than allowed: ${size} > ${max} bytes.`,
  forbidden: (resources: string) => `The supplied authentication is not authorized to access '${resources}'.`,
  forbiddenKind: (kind: string) => `The supplied authentication is not authorized to access actions of kind '${kind}'.`,
  parametersMalformed: 'parameters malformed!',
  versionMalformed: 'semantic version malformed',
  expectedBoolean: (value: string) => `Expected JsBoolean, but got ${value}`,
  limitsInner: 'Inner entity level routes for limits are not yet implemented.',
  storeUnavailable: (reason: string) =>
    `The server cannot write to its store (${reason}). Reads still work; try again when the cause is gone.`,
};

/** List and query parameters (1.8). */
export const query = {
  notInRange: (value: string, min: number, max: number, collection: string) =>
    `The value '${value}' is not in the range of ${min} to ${max} for ${collection}.`,
  tooSmall: (value: string, min: number, collection: string) =>
    `The value '${value}' is not greater than or equal to ${min} for ${collection}.`,
  notInteger: (value: string, collection: string) => `The value '${value}' is not an integer for ${collection}.`,
  badTime: (value: string) => `Parameter is not a valid value for epoch seconds: ${value}`,
  badNameFilter: (value: string) => `Parameter may be a 'simple' name or 'package-name/simple' name: ${value}`,
  docsWithCount: "The parameter 'docs' is not permitted with 'count'.",
  pageTooLarge: (size: number, max: number) =>
    `The records asked for are too large for one answer: some ${size} MB, where ${max} are allowed. ` +
    "Ask for fewer with 'limit', or leave out 'docs'.",
  badTimeout: (max: number) => `Timeout must be number of milliseconds up to ${max}.`,
};

/** Actions (2.3). */
export const action = {
  execUndefined: 'exec undefined',
  kindMissing: "'kind' must be a string defined in 'exec'",
  kindUnknown: (kind: string, valid: readonly string[]) =>
    `The specified runtime '${kind}' is not supported by this platform. Valid values are: ${valid.map(k => `'${k}'`).join(', ')}.`,
  kindDeprecated: (kind: string) =>
    `The '${kind}' runtime is no longer supported. You may read and delete but not update or invoke this action.`,
  codeMissing: (kind: string) => `'code' must be a string or attachment object defined in 'exec' for '${kind}' actions`,
  codeMalformed: (json: string) => `Could not deserialize as attachment record: ${json}`,
  mainMissing: (kind: string) => `'main' must be a string defined in 'exec' for '${kind}' actions`,
  mainMalformed: (kind: string) => `if defined, 'main' be a string in 'exec' for '${kind}' actions`,
  imageMissing: "'image' must be a string defined in 'exec' for 'blackbox' actions",
  imageMalformed: 'could not parse image name',
  componentsMissing: "'components' must be defined for sequence kind",
  componentsNotArray: "'components' must be an array",
  bindingOperation: 'Operation not permitted on package binding.',
  reservedProperties: 'Request defines parameters that are not allowed (e.g., reserved properties).',
};

/** Limits of actions (2.3). Sizes in MB, times in ms. */
export const limits = {
  timeAbove: (n: number, max: number) =>
    `requirement failed: duration ${n} milliseconds exceeds allowed threshold of ${max} milliseconds`,
  timeBelow: (n: number, min: number) =>
    `requirement failed: duration ${n} milliseconds below allowed threshold of ${min} milliseconds`,
  memoryAbove: (n: number, max: number) =>
    `requirement failed: memory size ${n} MB exceeds allowed threshold of ${max} MB`,
  memoryBelow: (n: number, min: number) =>
    `requirement failed: memory size ${n} MB below allowed threshold of ${min} MB`,
  logsAbove: (n: number, max: number) => `requirement failed: log size ${n} MB exceeds allowed threshold of ${max} MB`,
  logsBelow: (n: number, min: number) => `requirement failed: log size ${n} MB below allowed threshold of ${min} MB`,
  concurrencyAbove: (n: number, max: number) =>
    `requirement failed: concurrency ${n} exceeds allowed threshold of ${max}`,
  concurrencyBelow: (n: number, min: number) =>
    `requirement failed: concurrency ${n} below allowed threshold of ${min}`,
  instancesAbove: (max: number) =>
    `Max action instance concurrency must not exceed your namespace concurrency of ${max}.`,
  instancesNegative: 'requirement failed: Action container concurrency must be greater than or equal to 0.',
  wholeNumber: (what: string) => `requirement failed: ${what} must be whole number`,
  malformed: (what: string) => `${what} malformed`,
  negativeSize: 'requirement failed: a negative size of an object is not allowed.',
};

/** Sequences (2.3, 3.7) and conductors (3.8). */
export const sequence = {
  empty: 'No component specified for the sequence.',
  tooLong: 'Too many actions in the sequence.',
  cyclic: 'Sequence may not refer to itself.',
  componentMissing: 'Sequence component does not exist.',
  failed: 'Sequence failed.',
  componentTimeout: (id: string) => `Timeout reached when retrieving activation ${id} for sequence component.`,
};

export const composition = {
  badActionName: (json: string) => `Failed to parse action name from json value ${json} during composition.`,
  notFound: (name: string) => `Failed to resolve action with name '${name}' during composition.`,
  notEntitled: (name: string) => `Failed entitlement check for action with name '${name}' during composition.`,
  tooLong: 'Too many actions in the composition.',
  failed: 'Activation failure during composition.',
};

/** Triggers and rules (2.4, 2.5, 3.9). */
export const trigger = {
  badFeed: 'Feed name is not valid',
  ruleInactive: (rule: string, action: string) => `Rule '${rule}' is inactive, action '${action}' was not activated.`,
};

export const rule = {
  incomplete: 'rule requires a valid trigger and a valid action',
  triggerMissing: (name: string) => `trigger ${name} does not exist`,
  actionMissing: (name: string) => `action ${name} does not exist`,
  wrongType: (found: string, expected: string) =>
    `document type class org.apache.openwhisk.core.entity.${found} did not match expected type class org.apache.openwhisk.core.entity.${expected}.`,
  badStatus: (status: string) => `requirement failed: ${status} is not a recognized rule state`,
  statusMissing: 'key not found: status',
  needsTrigger: 'Only rules with existing triggers can be activated',
};

/** Packages and bindings (2.6). */
export const pkg = {
  reserved: (name: string) => `Package name '${name}' is reserved.`,
  bindingMissing: 'Binding references a package that does not exist.',
  bindingToBinding: 'Cannot bind to another package binding.',
  bindingToOther: 'Cannot bind to a resource that is not a package.',
  notABinding: 'Resource is a package and cannot be converted into a binding.',
  circular: (name: string) => `Package binding '${name}' contains a circular reference.`,
  missingMember: (member: string) => `Object is missing required member '${member}'`,
  notEmpty: (n: number) =>
    `Package not empty (contains ${n} ${n === 1 ? 'entity' : 'entities'}). Set force param or delete package contents.`,
};

/** Shared packages that may be run, not read (2.6, `--execute-only`). */
export const executeOnly = {
  action: (path: string) => `GET not permitted for '${path}' since it's an action in a shared package`,
  boundAction: (path: string) =>
    `GET not permitted for '${path}'. Resource does not exist or is an action in a shared package binding.`,
  binding: (name: string) => `GET not permitted since ${name} is a binding of a shared package`,
  package: (path: string) => `GET not permitted for '${path}' since it's a shared package`,
};

/** How an activation ended, by its container (3.5). */
export const outcome = {
  invalidResponse: (body: string) =>
    body === ''
      ? 'The action did not produce a valid JSON or JSON Array response.'
      : `The action did not produce a valid JSON or JSON Array response: ${body}`,
  initFailed: (body: string) =>
    body === '' ? 'The action failed during initialization.' : `The action failed during initialization: ${body}`,
  timeout: (ms: number, init: boolean) =>
    `The action exceeded its time limits of ${ms} milliseconds${init ? ' during initialization' : ''}.`,
  initAbnormal: 'The action did not initialize and exited unexpectedly.',
  runAbnormal: 'The action did not produce a valid response and exited unexpectedly.',
  outOfMemory: 'The action exhausted its memory and was aborted.',
  truncated: (length: number, max: number, start: string) =>
    `The action produced a response that exceeded the allowed length: ${length} > ${max} bytes. The truncated response was: ${start}`,
  imageFailed: (image: string) => `Failed to pull container image '${image}'.`,
  /** Of a kind the user did not name the image: what to do about it is in the reason. */
  kindImageFailed: (image: string, reason: string) => `Failed to pull container image '${image}'. ${reason}`,
  commandNotFound: (image: string) => `executable file not found in image ${image}`,
  notProvisioned: 'Failed to provision resources to run the action.',
  actionGone: 'Action could not be found or may have been deleted.',
  fetchFailed: 'Action could not be fetched.',
  limitExceeded: 'Action limit exceeded the system limit.',
  interrupted: 'The server stopped while the action ran; it was not run again.',
};

/** Log lines the platform appends (3.6). */
export const logs = {
  developerError: 'The action did not initialize or run as expected. Log data might be missing.',
  collectorFailed: 'There was an issue while collecting your logs. Data might be missing.',
  truncated: (bytes: number) => `Logs were truncated because the total bytes size exceeds the limit of ${bytes} bytes.`,
};

/** Throttles (3.10). */
export const throttle = {
  queueFull: 'Too many activations wait already. Try again later.',
  perMinute: (count: number, allowed: number) =>
    `Too many requests in the last minute (count: ${count}, allowed: ${allowed}).`,
  concurrent: (count: number, allowed: number) =>
    `Too many concurrent requests in flight (count: ${count}, allowed: ${allowed}).`,
};

/** Web actions (4.x). */
export const web = {
  failed: 'There was an error processing your request.',
  notReady: 'Response not yet ready.',
  notValid: (type: string) => `Response is not valid '${type}'.`,
  missingProperty: 'Response does not include requested property.',
  typeMismatch: 'Response type in header did not match generated content type.',
  unknownType: 'Response did not specify a known content-type.',
  noWebSockets:
    'WebSockets are not supported: a web action answers once, with its whole response. Send an ordinary HTTP request.',
};

/** The API gateway: its management (6.2) and what it answers itself (6.4). */
export const gateway = {
  authRequired: 'A valid auth key is required.',
  invalidAuth: 'Invalid authentication.',
  apidocMissing: 'apidoc is required.',
  apidocMalformed: 'apidoc field cannot be parsed. Ensure it is valid JSON.',
  apidocType: (type: string) => `apidoc field is of type ${type} and should be a JSON object or a JSON string.`,
  apidocField: (field: string) => `apidoc is missing the ${field} field${field === 'action' ? '.' : ''}`,
  actionField: (field: string) => `action is missing the ${field} field.`,
  swaggerAndBasePath: 'swagger and gatewayBasePath are mutually exclusive and cannot be specified together.',
  swaggerMalformed: 'swagger field cannot be parsed. Ensure it is valid JSON.',
  swaggerType: (type: string) => `swagger field is ${type} and should be an object or a JSON string.`,
  swaggerField: (field: string) => `swagger is missing the ${field} field.`,
  basePathMissing: 'basepath is required.',
  pathMissing: 'When specifying an operation, the path is required.',
  badOutputFormat: 'Invalid outputFormat value. Valid values are: apigw, swagger',
  noApi: (basePath: string) => `API '${basePath}' does not exist.`,
  noPath: (path: string) => `path '${path}' does not exist in the API`,
  noOperation: (path: string, operation: string) =>
    `path '${path}' with operation '${operation}' does not exist in the API`,
  badBackendUrl: (url: string) =>
    `API swagger generation error: '${url}' is not the URL of a web action (…/api/v1/web/NAMESPACE/PACKAGE/ACTION.http)`,
  basePathParameters: (path: string) =>
    `The base path (${path}) cannot have parameters. Only the relative path supports path parameters.`,
  needsHttp: "The action must use a response type of '.http' in order to receive the path parameters.",
  needsRequestPath: (operationId: string) =>
    `The target-url for operationId '${operationId}' must end in '$(request.path)' in order for actions to receive the path parameters.`,
  undeclaredParameter: (name: string, path: string) =>
    `The parameter '${name}' defined in path '${path}' does not match any of the parameters defined for the path in the swagger file.`,
  creationFailed: (reason: string) => `API creation failure: ${reason}`,
  deletionFailed: (reason: string) => `API deletion failure: ${reason}`,
  notConfigured: (status: number, body: string) =>
    `Unable to configure the API Gateway (status code ${status}): ${body}`,
  foreignTenant: (tenant: string) => `Tenant '${tenant}' belongs to another namespace.`,
  missingField: (field: string) => `Missing field '${field}' in request body.`,
  quoteInBasePath: `basePath contains illegal character "'".`,
  quoteInPath: `resource path contains illegal character "'".`,
  pathWithoutSlash: "Resource path must begin with '/'.",
  noResources: 'Empty resources object.',
  noOperations: "Missing or empty field 'operations' or in resource path object.",
  badVerb: (verb: string) => `Resource verb '${verb}' not supported.`,
  missingBody: 'Missing request body',
  badBody: 'The request body is not a JSON object',
  missingMember: (name: string) => `"${name}" missing from request body.`,
  missingArtifact: 'Missing artifact_id',
  missingId: 'No id specified.',
  missingClientId: 'Missing client_id',
  unknownApi: (id: string) => `Unknown API id ${id}`,
  noSubscription: "Subscription doesn't exist",
  subscribed: (client: string, api: string) => `Subscription '${client}' created for API '${api}'`,
  invalidVerb: 'Invalid verb.',
  error: (message: string) => `Error: ${message}`,
  notFound: 'Not found.',
  verbUnsupported: 'Whoops. Verb not supported.',
  unauthorized: 'Unauthorized',
  headerRequired: (name: string) => `${name} required`,
  secretMismatch: 'Secret mismatch or not subscribed to this api.',
  rateLimited: 'Rate limit exceeded',
  noOauth: 'This gateway does not check OAuth tokens. Use an API key, or check the token in the action.',
  badTarget: (url: string) =>
    `The target-url '${url}' is not the URL of a web action (/api/v1/web/NAMESPACE/PACKAGE/ACTION).`,
};
