import { describe, expect, it } from 'vitest';
import { nearest } from '../src/nearest.js';

const known = ['start', 'port', 'api-gw-port', 'host', 'restore', 'images', 'kind'];

describe('the nearest word', () => {
  it.each([
    ['strat', 'start'],
    ['prot', 'port'],
    ['por', 'port'],
    ['porrt', 'port'],
    ['hast', 'host'],
    ['api-gwport', 'api-gw-port'],
    ['retsroe', 'restore'],
    ['image', 'images'],
  ])('to %s is %s', (word, meant) => expect(nearest(word, known)).toBe(meant));

  it.each(['', 'x', 'ki', 'name', 'home', 'store'])('there is none to %j', word => {
    expect(nearest(word, known)).toBeUndefined();
  });
});
