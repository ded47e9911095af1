'use strict';
/** Initialises the proxy beside it with the code on standard input, calls it with argv[2] and prints what it answered. */
const http = require('node:http');

const post = (path, value) =>
  new Promise((resolve, reject) => {
    const request = http.request({ port: 8080, path, method: 'POST', headers: { 'content-type': 'application/json' } });
    request.on('error', reject).on('response', response => {
      let text = '';
      response.on('data', chunk => (text += chunk)).on('end', () => resolve([response.statusCode, text]));
    });
    request.end(JSON.stringify({ value }));
  });

/** The server may still be starting. */
const patiently = async (work, tries = 50) => {
  try {
    return await work();
  } catch (error) {
    if (error.code !== 'ECONNREFUSED' || tries === 0) throw error;
    await new Promise(resolve => setTimeout(resolve, 100));
    return patiently(work, tries - 1);
  }
};

const main = async () => {
  const code = require('node:fs').readFileSync(0, 'utf8');
  const init = await patiently(() => post('/init', { name: 'try', main: 'main', code, binary: false }));
  console.log('/init', ...init);
  if (init[0] !== 200) process.exit(1);
  const run = await post('/run', JSON.parse(process.argv[2] ?? '{}'));
  console.log('/run', ...run);
  process.exit(run[0] === 200 ? 0 : 1);
};

main();
