import type { SystemLimits } from '../entities/limits.js';
import type { Runtimes } from '../runtimes/manifest.js';

const MB = 1024 * 1024;

/** The body of `GET /` (OPENWHISK.md 1.7): durations in ms, memory and logs in bytes. */
export const serverInfo = (limits: SystemLimits, runtimes: Runtimes): object => ({
  support: { github: 'https://github.com/apache/openwhisk/issues', slack: 'http://slack.openwhisk.org' },
  description: 'OpenWhisk',
  api_paths: ['/api/v1'],
  limits: {
    actions_per_minute: limits.invocationsPerMinute,
    triggers_per_minute: limits.firesPerMinute,
    concurrent_actions: limits.concurrentInvocations,
    sequence_length: limits.sequenceLength,
    default_min_action_duration: limits.timeout.min,
    default_max_action_duration: limits.timeout.max,
    default_min_action_memory: limits.memory.min * MB,
    default_max_action_memory: limits.memory.max * MB,
    default_min_action_logs: limits.logs.min * MB,
    default_max_action_logs: limits.logs.max * MB,
    min_action_duration: limits.timeout.min,
    max_action_duration: limits.timeout.max,
    min_action_memory: limits.memory.min * MB,
    max_action_memory: limits.memory.max * MB,
    min_action_logs: limits.logs.min * MB,
    max_action_logs: limits.logs.max * MB,
  },
  runtimes: runtimes.families(),
});

/** The body of `GET /api/v1`: `build` is when this build was made (ISO), `buildno` its version. */
export const apiInfo = (build: { readonly date: string; readonly number: string }): object => ({
  description: 'OpenWhisk API',
  api_version: '1.0.0',
  api_version_path: 'v1',
  build: build.date,
  buildno: build.number,
  swagger_paths: { ui: '/docs', 'api-docs': '/api-docs' },
});
