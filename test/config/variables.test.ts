import { describe, expect, it } from 'vitest';
import { environmentName, options } from '../../src/config/options.js';
import { misspelt } from '../../src/config/variables.js';

describe('misspelt variables', () => {
  it.each([
    ['MINIWHISK_PROT', 'MINIWHISK_PORT'],
    ['MINIWHISK_DATADIR', 'MINIWHISK_DATA_DIR'],
    ['MINIWHISK_LOGLEVEL', 'MINIWHISK_LOG_LEVEL'],
    ['MINIWHISK_DRIVR', 'MINIWHISK_DRIVER'],
    ['MINIWHISK_SOMETHING_ELSE', undefined],
  ])('%s: %s', (name, meant) => expect(misspelt(name)).toEqual({ meant }));

  it.each(['PROT', 'MINIWHISKPORT'])('%s is none of ours', name => expect(misspelt(name)).toBeUndefined());

  it('are not the right ones', () => {
    const variables = Object.keys(options).map(environmentName);
    expect(variables.filter(name => misspelt(name) !== undefined)).toEqual([]);
  });

  it.each([
    // What proxies and these tests are told.
    ...['PROXY_ACTION', 'PROXY_CACHE', 'PROXY_LISTEN', 'PROXY_PARENT', 'PROXY_TOOL'],
    ...['KUBERNETES', 'KUBERNETES_BIN', 'TEST_SECRET'],
    // Kubernetes sets these in every pod beside a Service that is called miniwhisk.
    ...['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT_3233_TCP', 'PORT_3233_TCP_ADDR'],
  ])('MINIWHISK_%s is not taken for one', name => {
    expect(misspelt(`MINIWHISK_${name}`)).toEqual({ meant: undefined });
  });
});
