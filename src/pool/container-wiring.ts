import type { Clock } from '../clock.js';
import { ContainerClient } from './client.js';
import type { Address, Container } from './driver.js';
import { LogCollector } from './logs.js';

/** What a pooled container needs of its HTTP client and its log collector; tests give their own. */
export type Caller = Pick<ContainerClient, 'init' | 'run' | 'ahead' | 'close'>;
export type LogSource = Pick<LogCollector, 'separable' | 'sentinelsOptional' | 'begin' | 'collect'>;

export interface Wiring {
  client(address: Address, connections: number): Caller;
  logs(container: Container, sentinels: boolean): LogSource;
}

/** `maxBody`: bytes of an answer that are kept. */
export const wiring = (clock: Clock, maxBody?: number): Wiring => ({
  client: (address, connections) =>
    new ContainerClient(address, { connections, clock, ...(maxBody !== undefined && { maxBody }) }),
  logs: (container, sentinels) => new LogCollector(container, { sentinels, clock }),
});
