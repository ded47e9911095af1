import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/log.js';
import { type Availability, type Driver, ImageError } from '../../src/pool/driver.js';
import { createChoice } from '../../src/server/drivers.js';

const driver = (name: Driver['name'], answer: () => Availability): Driver => ({
  name,
  canPause: true,
  available: async () => answer(),
  create: () => Promise.reject(new Error('not in this test')),
  sweep: async () => 0,
  close: async () => {},
});

const usable: Availability = { usable: true };
const missing: Availability = { usable: false, reason: 'it is not here' };

const choice = (
  docker: Availability | undefined,
  local: Availability | undefined,
  provides: Error | undefined = undefined,
) => {
  const lines: string[] = [];
  const wanted: string[] = [];
  const made = createChoice({
    docker: docker && driver('docker', () => docker),
    process: local && driver('process', () => local),
    images: {
      want: image => void wanted.push(image),
      provide: async () => {
        if (provides) throw provides;
      },
    },
    log: { warn: (line: string) => lines.push(line) } as unknown as Logger,
  });
  return { ...made, lines, wanted };
};

describe('the choice of a driver', () => {
  it('is a container where the image is there', async () => {
    expect((await choice(usable, usable).pick('k', 'i')).name).toBe('docker');
    expect((await choice(usable, undefined).pick('k', 'i')).name).toBe('docker');
  });

  it('is a process meanwhile, while the image is got, and says so once', async () => {
    const { pick, provide, lines, wanted } = choice(missing, { usable: true, note: 'another version' });
    for (let i = 0; i < 2; i++) expect((await pick('k', 'i')).name).toBe('process');
    await provide('k', 'i');
    expect(wanted).toEqual(['i', 'i', 'i']);
    expect(lines).toEqual(['k runs as a plain process, not isolated: it is not here', 'another version']);
  });

  it('is left to the engine where there is no toolchain, which then gets the image or says why not', async () => {
    const failed = new ImageError('i', 'no such image');
    const { pick, provide, lines, wanted } = choice(missing, missing, failed);
    expect((await pick('k', 'i')).name).toBe('docker');
    for (let i = 0; i < 2; i++) await expect(provide('k', 'i')).rejects.toBe(failed);
    expect(lines).toEqual(['k cannot run: no such image']);
    expect(wanted).toEqual([]);
    await choice(missing, undefined).provide('k', 'i');
  });

  it('tells of an image that is made for another machine', async () => {
    const { pick, lines } = choice({ usable: true, note: 'emulated' }, undefined);
    for (let i = 0; i < 2; i++) await pick('k', 'i');
    expect(lines).toEqual(['emulated']);
  });

  it('can be asked for without any effect, which is what a probe of readiness does', async () => {
    const meanwhile = choice(missing, { usable: true, note: 'another version' });
    expect(await meanwhile.look('k', 'i')).toMatchObject({ driver: { name: 'process' }, found: { usable: true } });
    const noted = choice({ usable: true, note: 'emulated' }, undefined);
    expect(await noted.look('k', 'i')).toMatchObject({ driver: { name: 'docker' }, found: { usable: true } });
    expect(await choice(missing, missing).look('k', 'i')).toMatchObject({ driver: { name: 'docker' }, found: missing });
    expect(await choice(undefined, missing).look('k', 'i')).toMatchObject({ driver: undefined, found: missing });
    for (const { lines, wanted } of [meanwhile, noted]) expect([...lines, ...wanted]).toEqual([]);
  });

  it('rejects with the image and the reason where nothing can run the kind', async () => {
    const { pick, provide } = choice(undefined, missing);
    await expect(pick('k', 'i')).rejects.toMatchObject({ name: 'ImageError', image: 'i', message: 'it is not here' });
    await expect(provide('k', 'i')).rejects.toThrow(ImageError);
  });
});
