import { expect, it } from 'vitest';
import { printed } from '../../src/entities/parameters.js';
import { parseEntry, recordText } from '../../src/invocation/journal-entry.js';
import { activation } from '../store/fixtures.js';

const record = activation(1);
const read = (text: string) =>
  parseEntry(text, () => {
    throw new Error('nothing is shared');
  });

it('reads a record back', () => {
  expect(read(recordText(record))).toEqual({ kind: 'record', record });
});

it('reads what an earlier version wrote, with the list of annotations alone', () => {
  const { list } = record.annotations;
  const text = JSON.stringify({ kind: 'record', record: { ...record, annotations: list } });
  expect(read(text)).toEqual({ kind: 'record', record });
  const bare = JSON.stringify({ kind: 'record', record: { ...record, annotations: [] } });
  expect(read(bare)).toEqual({ kind: 'record', record: { ...record, annotations: printed([]) } });
});
