import SwaggerParser from '@apidevtools/swagger-parser';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http } from '../../src/messages.js';
import { type Rest, restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** The documents under /api/v1/api-docs and /api-docs, and their viewer (OPENWHISK.md 1.6). */
let server: TestServer;
let rest: Rest;
beforeAll(async () => {
  server = await startTestServer({ memory: true });
  rest = restClient(server.url, server.auth);
});
afterAll(() => server[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
const document = async (path: string): Promise<any> => (await rest.get(path, { auth: null })).json;

describe.each([
  ['/api/v1', '/api/v1'],
  ['', '/'],
])('the document of %j', (base, basePath) => {
  it('is valid Swagger 2.0', async () => {
    const doc = await document(`${base}/api-docs`);
    expect(doc).toMatchObject({ swagger: '2.0', basePath });
    await SwaggerParser.validate(structuredClone(doc));
    const ids = Object.values(doc.paths).flatMap(p => Object.values(p as object).map(o => o.operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is shown by a viewer that is served here', async () => {
    const [bare, slash] = [await rest.get(`${base}/docs`, { auth: null }), await rest.get(`${base}/docs/`)];
    expect([bare.status, slash.status]).toEqual([308, 308]);
    expect(bare.headers.get('location')).toBe(`docs/index.html?url=${base}/api-docs`);
    expect(slash.headers.get('location')).toBe(`index.html?url=${base}/api-docs`);
    const page = await rest.get(`${base}/docs/index.html?url=${base}/api-docs`, { auth: null });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const parts = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(match => match[1] as string);
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) {
      expect(part).not.toMatch(/^(https?:)?\/\//);
      const file = await rest.get(new URL(part, `${server.url}${base}/docs/`).pathname, { auth: null });
      expect([part, file.status]).toEqual([part, 200]);
    }
    expect((await rest.get(`${base}/docs/nothing.js`)).status).toBeGreaterThanOrEqual(404);
  });
});

describe('the document and the routes', () => {
  it('say the same: what is in the document is answered, with the parameters it names', async () => {
    const doc = await document('/api/v1/api-docs');
    for (const [path, methods] of Object.entries<Record<string, object>>(doc.paths)) {
      const filled = path
        .replace(/\{id\}/, '0'.repeat(32))
        .replace(/\{namespace\}/, '_')
        .replace(/\{\w+\}/g, 'none');
      for (const method of Object.keys(methods)) {
        const reply = await rest.request(method.toUpperCase(), `${doc.basePath}${filled}`, {
          ...(method !== 'get' && method !== 'delete' && { body: {} }),
        });
        expect(`${method} ${path}: ${reply.json?.error}`).not.toContain(http.noRoute);
      }
    }
  });

  it('has the definitions OpenWhisk has, and what is answered fits them', async () => {
    const { definitions } = await document('/api/v1/api-docs');
    const text = JSON.stringify(definitions);
    for (const name of ['ActionMeta', 'ActionExecMeta', 'RuleMeta', 'TriggerMeta']) {
      expect(definitions).toHaveProperty(name);
      expect(text).toContain(`"#/definitions/${name}"`);
    }
    const fits = (name: string, value: unknown): unknown => {
      const ajv = new Ajv({ strict: false });
      return ajv.validate({ $ref: `#/definitions/${name}`, definitions }, value) || ajv.errors;
    };
    await rest.action('doc-a', 'const main = () => ({})', { parameters: [{ key: 'a', value: 1 }] });
    await rest.put('_/triggers/doc-t', {});
    await rest.put('_/rules/doc-r', { trigger: '/_/doc-t', action: '/_/doc-a' });
    await rest.put('_/packages/doc-p', {});
    const answers: [name: string, path: string][] = [
      ['Action', 'actions/doc-a'],
      ['ActionList', 'actions'],
      ['Trigger', 'triggers/doc-t'],
      ['TriggerList', 'triggers'],
      ['Rule', 'rules/doc-r'],
      ['RuleList', 'rules'],
      ['Package', 'packages/doc-p'],
    ];
    for (const [name, path] of answers)
      expect([name, fits(name, (await rest.get(`_/${path}`)).json)]).toEqual([name, true]);
    const invoked = await rest.post('_/actions/doc-a?blocking=true', {});
    expect(fits('Activation', invoked.json)).toBe(true);
    expect(fits('Action', { sname: 'foo', spublish: false })).not.toBe(true);
  });

  it('validate bodies with the schemas they show', async () => {
    const doc = await document('/api/v1/api-docs');
    const put = doc.paths['/namespaces/{namespace}/actions/{name}'].put;
    const schema = put.parameters.find((p: { in: string }) => p.in === 'body').schema;
    expect(schema.properties.limits.properties.timeout.type).toBe('number');
    const refused = await rest.put('_/actions/x', { exec: { kind: 'nodejs:20', code: '' }, limits: { timeout: 'x' } });
    expect(refused.status).toBe(400);
  });
});
