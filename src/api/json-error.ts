/**
 * Says what is wrong with a JSON text in the words of spray-json's parser, which OpenWhisk's clients and tests see
 * (OPENWHISK.md 1.3, "Syntax errors"). Only called for texts that `JSON.parse` refused.
 */
class Failure extends Error {}

const END = '\uffff';

class Checker {
  private at = 0;
  constructor(private readonly text: string) {}

  run(): void {
    this.space();
    this.value();
    this.expect(END, 'end-of-input');
  }

  private get char(): string {
    return this.text[this.at] ?? END;
  }

  /** The place it names is `at`, the character that where reading came to: the two differ in the middle of a word. */
  private fail(expected: string, at = this.at): never {
    const before = this.text.slice(0, at).split('\n');
    const line = this.text.split('\n')[before.length - 1] ?? '';
    const column = (before[before.length - 1] as string).length + 1;
    const found = this.text[this.at];
    const unexpected =
      found === undefined
        ? 'end-of-input'
        : `character '${isControl(found) ? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}` : found}'`;
    const shown = line.replace(CONTROLS, '?');
    throw new Failure(
      `Unexpected ${unexpected} at input index ${at} (line ${before.length}, position ${column}), ` +
        `expected ${expected}:\n${shown}\n${' '.repeat(column - 1)}^\n`,
    );
  }

  private space(): void {
    while (' \t\n\r'.includes(this.char)) this.at++;
  }

  private expect(char: string, name = `'${char}'`): void {
    if (this.char !== char) this.fail(name);
    this.at++;
    if (char !== END && char !== '"') this.space();
  }

  private value(): void {
    const start = this.at;
    const char = this.char;
    if (char === '{') this.object();
    else if (char === '[') this.array();
    else if (char === '"') this.string();
    else if (char === '-' || isDigit(char)) this.number();
    else {
      for (const letter of ['false', 'null', 'true'].find(word => word[0] === char) ?? this.fail('JSON Value')) {
        if (this.char !== letter) this.fail('JSON Value', start);
        this.at++;
      }
    }
    this.space();
  }

  private object(): void {
    this.expect('{');
    if (this.char !== '}') {
      for (;;) {
        this.string();
        this.space();
        this.expect(':');
        this.value();
        if (this.char !== ',') break;
        this.expect(',');
      }
    }
    this.expect('}');
  }

  private array(): void {
    this.expect('[');
    if (this.char !== ']') {
      for (;;) {
        this.value();
        if (this.char !== ',') break;
        this.expect(',');
      }
    }
    this.expect(']');
  }

  private digits(): void {
    if (!isDigit(this.char)) this.fail('DIGIT');
    while (isDigit(this.char)) this.at++;
  }

  private number(): void {
    if (this.char === '-') this.at++;
    if (this.char === '0') this.at++;
    else this.digits();
    if (this.char === '.') {
      this.at++;
      this.digits();
    }
    if ('eE'.includes(this.char)) {
      this.at++;
      if ('+-'.includes(this.char)) this.at++;
      this.digits();
    }
  }

  private string(): void {
    this.expect('"');
    while (this.char !== '"' && this.char !== END && this.char >= ' ') {
      if (this.char === '\\') {
        this.at++;
        this.escape();
      } else this.at++;
    }
    this.expect('"');
  }

  private escape(): void {
    if (this.char === 'u') {
      this.at++;
      for (let i = 0; i < 4; i++, this.at++) if (!/[0-9a-fA-F]/.test(this.char)) this.fail('hex digit');
    } else if ('"/\\bfnrt'.includes(this.char)) this.at++;
    else this.fail('JSON escape sequence');
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;
const isDigit = (char: string): boolean => char >= '0' && char <= '9';
const isControl = (char: string): boolean => char < ' ' || (char >= '\u007f' && char <= '\u009f');

/** The detail for a text that is not JSON. */
export const jsonErrorDetail = (text: string): string => {
  try {
    new Checker(text).run();
  } catch (error) {
    if (error instanceof Failure) return error.message;
  }
  return 'not valid JSON';
};
