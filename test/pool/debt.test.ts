import { expect, it } from 'vitest';
import { Debt } from '../../src/pool/debt.js';

it('counts calls that wait at the same time once where a start is dear, and only their share', () => {
  const debt = new Debt();
  expect(debt.waited(1000, 1010, undefined)).toBe(10);
  expect(debt.waited(1000, 1030, undefined)).toBe(30);
  expect(debt.waited(1000, 1050, 0.5)).toBe(10);
  expect(debt.waited(1060, 1080, 0.5)).toBe(10);
  expect(debt.waited(1080, 1080, 1)).toBe(0);
});

it('adds up waits, halves every 10 s, and never falls below nothing', () => {
  const debt = new Debt();
  debt.add(60, 1000);
  debt.add(40, 1000);
  expect(debt.at(1000)).toBe(100);
  expect(debt.at(11_000)).toBe(50);
  expect(debt.at(995)).toBe(100);
  debt.spend(30, 11_000);
  expect(debt.at(11_000)).toBe(20);
  debt.spend(30, 11_000);
  expect(debt.at(11_000)).toBe(0);
  debt.add(5, 12_000);
  debt.clear();
  expect(debt.at(12_000)).toBe(0);
});
