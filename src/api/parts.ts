import type { Clock } from '../clock.js';
import type { ParameterCipher } from '../entities/encryption.js';
import type { SystemLimits } from '../entities/limits.js';
import type { ActionDoc } from '../entities/types.js';
import type { Launcher } from '../invocation/launch.js';
import type { Records } from '../invocation/records.js';
import type { Resolver } from '../invocation/resolve.js';
import type { Throttles } from '../invocation/throttle.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { Store } from '../store/store.js';

/** What the REST resources are built on; made once by server/wire.ts. */
export interface ApiParts {
  readonly store: Store;
  readonly resolve: Resolver;
  readonly launch: Launcher;
  readonly records: Records;
  readonly throttles: Throttles;
  readonly runtimes: Runtimes;
  readonly limits: SystemLimits;
  readonly clock: Clock;
  readonly cipher: ParameterCipher;
  /** Others may run what a published package holds, but not read it. */
  readonly executeOnly: boolean;
  /** Called after an action changed or went: its idle containers are of no use any more. */
  readonly actionChanged: (path: string) => void;
  /** Called with an action that was just written: it may be called soon. */
  readonly actionWritten: (action: ActionDoc) => void;
}
