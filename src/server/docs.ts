import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import Router from '@koa/router';
import { CORS_HEADERS } from './middleware/cors.js';

/** The viewer's files that its page loads. */
const FILES = [
  'index.css',
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
];

/** Instead of the viewer's own start script, which opens an example of its makers'. */
const START_SCRIPT = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: new URLSearchParams(location.search).get('url') ?? '/api/v1/api-docs',
    dom_id: '#swagger-ui',
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: 'StandaloneLayout',
    validatorUrl: null,
  });
};
`;

/** A document at `base/api-docs` and its viewer at `base/docs` (OPENWHISK.md 1.6). */
export const docsRouter = (base: string, document: object): Router => {
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const json = JSON.stringify(document);
  const router = new Router({ strict: true, sensitive: true });
  router.get(`${base}/api-docs{/}`, ctx => {
    if (base !== '') ctx.set(CORS_HEADERS);
    ctx.set('Content-Type', 'application/json');
    ctx.body = json;
  });
  router.get(`${base}/docs{/}`, ctx => {
    const folder = ctx.path.endsWith('/') ? '' : 'docs/';
    ctx.redirect(`${folder}index.html?url=${base}/api-docs`);
    ctx.status = 308;
  });
  router.get(`${base}/docs/swagger-initializer.js`, ctx => {
    ctx.type = 'js';
    ctx.body = START_SCRIPT;
  });
  for (const file of ['index.html', ...FILES]) {
    router.get(`${base}/docs/${file}`, ctx => {
      ctx.type = extname(file);
      ctx.body = createReadStream(join(assets, file));
    });
  }
  return router;
};
