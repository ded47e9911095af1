import { expect, it } from 'vitest';
import { Debt } from '../../src/pool/debt.js';

it('counts calls that wait together once', () => {
  const debt = new Debt();
  expect(debt.waited(1000, 1010, false)).toBe(10);
  expect(debt.waited(1000, 1030, false)).toBe(30);
  expect(debt.waited(1000, 1050, true)).toBe(20);
  expect(debt.waited(1060, 1080, true)).toBe(20);
  expect(debt.waited(1080, 1080, true)).toBe(0);
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
