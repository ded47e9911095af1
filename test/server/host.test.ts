import { describe, expect, it } from 'vitest';
import { createHostCheck } from '../../src/server/middleware/host.js';

describe('a Host header', () => {
  const known = createHostCheck({ host: '127.0.0.1', allowed: 'mine.example, Other.Example' });
  it.each([
    'localhost',
    'localhost:3233',
    'guest.localhost:3233',
    '127.0.0.1:3233',
    '[::1]:3233',
    '172.17.0.1:3233',
    'host.docker.internal:3233',
    'MINE.example:80',
    'other.example',
  ])('%s names this server', host => expect(known(host)).toBe(true));
  it.each(['attacker.example', 'localhost.attacker.example:3233', '127.0.0.1.nip.io', 'a b', '', '[::1', 'x:y:z', '.'])(
    '%s does not',
    host => expect(known(host)).toBe(false),
  );
  it('* allows all', () => expect(createHostCheck({ host: 'h', allowed: '*' })('any.example')).toBe(true));
});
