import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

/** Where distributions and installers put a Chromium; `CHROMIUM` names another. */
const CANDIDATES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const executablePath = CANDIDATES.find(file => file !== '' && existsSync(file));

/** A suite that needs a browser: skipped, by name, where there is none, and never in CI. */
export const describeBrowser = (name: string, body: () => void): void => {
  if (executablePath !== undefined || process.env['CI'] === 'true') describe(name, body);
  else describe.skip(`${name} (no Chromium here)`, body);
};

/** A headless Chromium; the caller closes it. */
export const openBrowser = (): Promise<Browser> => {
  if (executablePath === undefined) throw new Error('no Chromium found; set CHROMIUM to its file');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
};
