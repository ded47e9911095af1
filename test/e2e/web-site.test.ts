import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBrowser, openBrowser } from '../support/browser.js';
import { overBothDrivers } from '../support/web.js';

/** 2 × 2 red pixels. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==';

const PAGE = `<!doctype html>
<html><head><meta charset="utf-8"><title>Site</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head>
<body>
<img id="picture" src="picture.png" alt=""><img id="drawing" src="drawing.svg" alt="">
<form id="form"><input name="who" value="wörld & all"><button>Send</button></form>
<form id="upload"><input type="file" name="file"><button>Upload</button></form>
<p id="answer"></p><p id="uploaded"></p>
<script src="app.js"></script>
</body></html>`;

const SCRIPT = `
const post = async (url, body) => (await fetch(url, { method: 'POST', body })).json();
document.querySelector('#form').addEventListener('submit', async event => {
  event.preventDefault();
  const { text, cookie } = await post('form', new URLSearchParams(new FormData(event.target)));
  document.querySelector('#answer').textContent = text + ' ' + cookie;
  document.querySelector('#answer').className = 'arrived';
});
document.querySelector('#upload').addEventListener('submit', async event => {
  event.preventDefault();
  const file = event.target.elements.file.files[0];
  const whole = await post('upload', file);
  const parts = await post('upload', new FormData(event.target));
  document.querySelector('#uploaded').textContent = whole.sha + ' ' + parts.boundary;
});`;

const STYLE = `body { margin: 0 } img { width: 100px; height: 100px; display: block }
#answer { width: 100px; height: 50px; overflow: hidden } #answer.arrived { background: rgb(0, 128, 0) }`;

/** One web action that is a whole site: pages by path, each kind of response, forms, cookies, a redirect, uploads. */
const SITE = `
const { createHash } = require('crypto');
const files = ${JSON.stringify({
  '/': ['text/html', PAGE],
  '/style.css': ['text/css', STYLE],
  '/app.js': ['application/javascript', SCRIPT],
  '/picture.png': ['image/png', PNG],
})};
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10" fill="blue"/></svg>';
function main(args) {
  const { __ow_path: path, __ow_headers: headers, __ow_body: body } = args;
  if (path === '') return { statusCode: 302, headers: { location: headers['x-at'] || 'site/', 'set-cookie': ['seen=redirect; Path=/', 'other=1'] } };
  if (path === '/form') return { body: { text: 'hello ' + args.who, cookie: headers.cookie } };
  if (path === '/drawing.svg') {
    return { headers: { 'content-type': 'image/svg+xml' }, body: Buffer.from(svg).toString('base64') };
  }
  if (path === '/upload') {
    const bytes = Buffer.from(body, 'base64');
    const boundary = /boundary=(.*)$/.exec(headers['content-type'] || '');
    return { body: {
      sha: createHash('sha256').update(bytes).digest('hex').slice(0, 8),
      boundary: boundary !== null && bytes.includes(boundary[1]) && bytes.includes('filename="photo.bin"'),
    } };
  }
  const [type, content] = files[path] || [];
  return type ? { headers: { 'content-type': type }, body: content } : { statusCode: 404, body: 'no ' + path };
}`;

describeBrowser('a site served by one web action, in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  /** The colour of a screenshot in the middle of an element. */
  const colorOf = async (page: Page, screenshot: Buffer, selector: string): Promise<number[]> => {
    const box = await page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not shown`);
    return page.evaluate(
      async ([url, x, y]) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
        context?.drawImage(image, 0, 0);
        return [...(context?.getImageData(x, y, 1, 1).data ?? [])].slice(0, 3);
      },
      [
        `data:image/png;base64,${screenshot.toString('base64')}`,
        box.x + box.width - 5,
        box.y + box.height / 2,
      ] as const,
    );
  };

  overBothDrivers(
    'site',
    server => server.web('pages/site', SITE),
    server => {
      test('redirect, cookies, page, style, pictures, form, upload; no console error', async () => {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on('console', message => {
          if (message.type() === 'error') errors.push(message.text());
        });
        page.on('pageerror', error => errors.push(error.message));
        page.on('requestfailed', request => errors.push(request.url()));

        await page.goto(`http://guest.localhost:${new URL(server().url).port}/pages/site`);
        expect(page.url()).toMatch(/\/pages\/site\/$/);
        expect(await page.title()).toBe('Site');
        await page.click('#form button');
        await page.waitForSelector('#answer.arrived');
        expect(await page.textContent('#answer')).toMatch(/^hello wörld & all (?=.*seen=redirect)/);

        const photo = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
        await page.setInputFiles('#upload input', { name: 'photo.bin', mimeType: 'image/x-photo', buffer: photo });
        await page.click('#upload button');
        await page.waitForFunction(() => document.querySelector('#uploaded')?.textContent !== '');
        const { createHash } = await import('node:crypto');
        const sha = createHash('sha256').update(photo).digest('hex').slice(0, 8);
        expect(await page.textContent('#uploaded')).toBe(`${sha} true`);

        const screenshot = await page.screenshot();
        expect(await colorOf(page, screenshot, '#picture')).toEqual([255, 0, 0]);
        expect(await colorOf(page, screenshot, '#drawing')).toEqual([0, 0, 255]);
        expect(await colorOf(page, screenshot, '#answer')).toEqual([0, 128, 0]);
        expect(errors).toEqual([]);
        await page.close();
      });
    },
  );
});
