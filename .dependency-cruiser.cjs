/** The layers and package fences of README's ARCHITECTURE section, enforced. */
const leaf = '^src/(errors|messages|log|clock|ids|json|package-root|passing-map|nearest|remember|schema)\\.ts$';
const layer = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: [from, leaf, ...allowed] },
});
const fence = (pkg, path) => ({
  name: `fence-${pkg.replace(/\W/g, '')}`,
  severity: 'error',
  from: { pathNot: path },
  to: { path: `node_modules/${pkg}/` },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'leaf-imports-nothing', severity: 'error', from: { path: leaf }, to: { path: '^src/', pathNot: leaf } },
    layer('entities', '^src/entities/', []),
    layer('config', '^src/config/', ['^src/entities/']),
    layer('store', '^src/store/', ['^src/entities/']),
    layer('runtimes', '^src/runtimes/', ['^src/entities/']),
    layer('queue', '^src/queue/', ['^src/entities/']),
    layer('pool', '^src/pool/', ['^src/entities/', '^src/runtimes/', '^src/queue/']),
    layer('promote', '^src/promote/', ['^src/entities/']),
    layer('metrics', '^src/metrics/', ['^src/entities/']),
    layer('invocation', '^src/invocation/', ['^src/(queue|pool|store|runtimes|entities|metrics)/']),
    layer('api', '^src/api/', ['^src/(invocation|store|runtimes|entities|metrics|pool)/']),
    layer('web', '^src/web/', ['^src/(invocation|store|runtimes|entities|metrics|api)/']),
    layer('gateway', '^src/gateway/', ['^src/(invocation|store|runtimes|entities|metrics|api|web)/']),
    layer('catalog', '^src/(catalog|feeds)/', ['^src/(invocation|store|runtimes|entities|metrics|catalog|feeds)/']),
    { name: 'cli-is-the-top', severity: 'error', from: { pathNot: '^src/cli/' }, to: { path: '^src/cli/' } },
    fence('koa', '^src/(server|api|web|gateway)/'),
    fence('@koa/router', '^src/(server|api|web|gateway)/'),
    fence('yargs', '^src/cli/'),
    fence('p-queue', '^src/queue/'),
    fence('better-sqlite3', '^src/store/'),
    fence('dockerode', '^src/pool/drivers/'),
    fence('@kubernetes/client-node', '^src/pool/drivers/'),
    fence('ajv', '^src/schema[.]ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
