/** A management call that cannot be done: answered as OpenWhisk's management actions do, 502 with this text. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
}
