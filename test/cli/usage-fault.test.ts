import { expect, it } from 'vitest';
import { launch } from '../support/launch.js';

it.each([
  ['backup', 'Missing: <file>. See miniwhisk backup --help.'],
  ['sdk', 'Missing: <kit> <dir>. See miniwhisk sdk --help.'],
  ['sdk docker', 'Missing: <dir>. See miniwhisk sdk --help.'],
  ['sdk ios x', 'Bad value for <kit>: expected one of docker, actionloop, got "ios". See miniwhisk sdk --help.'],
  ['user block', 'Missing: <subject..>. See miniwhisk user block --help.'],
  ['images save', 'Missing: <file>. See miniwhisk images save --help.'],
  ['promote', 'Missing: --to. See miniwhisk promote --help.'],
  ['strat', 'Unknown command strat. Did you mean start? See miniwhisk --help.'],
  ['strat --prot 3', 'Unknown command strat. Did you mean start? See miniwhisk --help.'],
  ['nothing', 'Unknown command nothing. See miniwhisk --help.'],
  ['user crate alice --forc', 'Unknown command crate. Did you mean create? See miniwhisk user --help.'],
  ['images lst', 'Unknown command lst. Did you mean list? See miniwhisk images --help.'],
  ['--prot 3', 'Unknown: --prot. Did you mean --port? See miniwhisk --help.'],
  ['--prot=3 --zzzzzz', 'Unknown: --prot, --zzzzzz. Did you mean --port? See miniwhisk --help.'],
  ['start --no-prewarn', 'Unknown: --no-prewarn. Did you mean --no-prewarm? See miniwhisk --help.'],
  ['--data-dirr x', 'Unknown: --data-dirr. Did you mean --data-dir? See miniwhisk --help.'],
  ['doctor --jsn', 'Unknown: --jsn. Did you mean --json? See miniwhisk doctor --help.'],
  ['user get bob --namespce x', 'Unknown: --namespce. Did you mean --namespace? See miniwhisk user get --help.'],
  ['limits set guest --firesperminute 3', 'Unknown: --firesperminute. Did you mean --firesPerMinute? See'],
  ['-x', 'Unknown: -x. See miniwhisk --help.'],
  ['backup a b', 'Unknown: b. See miniwhisk backup --help.'],
  ['kubernetes', 'Name a command: manifest. See miniwhisk kubernetes --help.'],
  ['user', 'Name a command: create, delete, get, whois, list, block or unblock. See miniwhisk user --help.'],
  ['--port', '--port needs a value. See miniwhisk --help.'],
  ['user list x -p', '-p needs a value. See miniwhisk user list --help.'],
])('miniwhisk %s', async (words, text) => {
  const { code, stdout, stderr } = await launch(words.split(' ')).exit;
  expect([code, stdout, stderr.trim().split('\n').length]).toEqual([1, '', 1]);
  expect(stderr).toContain(`miniwhisk: ${text}`);
});
