'use strict';
/** Builds an example once while an image is made, so that the compiler's own caches are filled. */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cached, settings } = require('./build.js');

const [builder, example] = process.argv.slice(2);
const options = settings([builder], process.env, false);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'warm-'));
const source = path.join(folder, 'source');
const data = fs.readFileSync(example);
fs.mkdirSync(source);
fs.writeFileSync(path.join(source, 'exec'), data);
cached({ ...options, data, entry: 'main', source, folder }, require(options.builder)).then(
  () => fs.rmSync(folder, { recursive: true, force: true }),
  error => {
    console.error(error.userText ?? error);
    process.exitCode = 1;
  },
);
