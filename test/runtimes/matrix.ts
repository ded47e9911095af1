import type { Case, Language, Mode } from '../contract/runtime.js';

export type Cell =
  | { readonly state: 'ok' | 'failed' | 'not run' }
  | { readonly state: 'cannot'; readonly reason: string };

const MARKS = { ok: '✓', failed: 'FAILED', 'not run': 'not run', cannot: '–' } as const;

/** The outcome of every case in every language and mode. A cell that nobody fills says so. */
export class Matrix {
  private readonly cells = new Map<string, Cell>();

  constructor(
    private readonly cases: readonly Case[],
    private readonly languages: readonly Language[],
    private readonly modes: readonly Mode[],
  ) {}

  set(one: Case, language: Language, mode: Mode, cell: Cell): void {
    this.cells.set(`${one.id} ${language.name} ${mode}`, cell);
  }

  get(one: Case, language: Language, mode: Mode): Cell {
    return this.cells.get(`${one.id} ${language.name} ${mode}`) ?? { state: 'not run' };
  }

  text(): string {
    const columns = this.languages.flatMap(language => this.modes.map(mode => ({ language, mode })));
    const heads = columns.map(({ language, mode }) => `${language.name}/${mode === 'docker' ? 'd' : 'p'}`);
    const notes = new Map<string, number>();
    const rows = this.cases.map(one =>
      columns.map(({ language, mode }) => {
        const cell = this.get(one, language, mode);
        if (cell.state !== 'cannot') return MARKS[cell.state];
        if (!notes.has(cell.reason)) notes.set(cell.reason, notes.size + 1);
        return `${MARKS.cannot}${notes.get(cell.reason)}`;
      }),
    );
    const width = Math.max(...this.cases.map(one => one.id.length));
    const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(row => row[i]!.length)));
    const line = (first: string, rest: readonly string[]): string =>
      [first.padEnd(width), ...rest.map((text, i) => text.padEnd(widths[i]!))].join('  ').trimEnd();
    return [
      line('case', heads),
      ...rows.map((row, i) => line(this.cases[i]!.id, row)),
      'p: as a process, d: in Docker. ✓ holds, – cannot be:',
      ...[...notes].map(([reason, number]) => `–${number} ${reason}`),
    ].join('\n');
  }
}
