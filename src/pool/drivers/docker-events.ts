import type { Readable } from 'node:stream';
import { errorText } from '../../errors.js';
import type { JsonObject } from '../../json.js';
import type { Engine } from './docker-engine.js';
import { eachJson } from './json-lines.js';

export interface EngineEvent {
  readonly type: 'container' | 'image';
  readonly action: string;
  /** The container's id, or the image's. */
  readonly id: string;
  readonly exitCode: number | null;
}

interface Handlers {
  readonly onEvent: (event: EngineEvent) => void;
  /** The engine answers, for the first time or again: whatever happened before may have been missed. */
  readonly onConnected: () => void;
}

const FIRST_DELAY = 250;
const LAST_DELAY = 5_000;
const FILTERS = {
  type: ['container', 'image'],
  event: ['die', 'oom', 'pull', 'import', 'load', 'tag', 'untag', 'delete'],
};

const toEvent = (raw: JsonObject): EngineEvent => {
  const actor = (raw['Actor'] ?? {}) as { ID?: string; Attributes?: Record<string, string> };
  const code = actor.Attributes?.['exitCode'] ?? actor.Attributes?.['containerExitCode'];
  return {
    type: raw['Type'] === 'image' ? 'image' : 'container',
    action: String(raw['Action'] ?? raw['status'] ?? ''),
    id: String(actor.ID ?? raw['id'] ?? ''),
    exitCode: code === undefined ? null : Number(code),
  };
};

/**
 * The one stream of events from the engine, taken up again when it breaks. As long as it stands the engine is known to
 * live, so nobody has to ask. It begins with the first call of `ready`.
 */
export class EngineEvents {
  private stream: Readable | undefined;
  private first: Promise<void> | undefined;
  private closed = false;
  private wake: (() => void) | undefined;
  /** Why the engine does not answer; undefined while it does. */
  trouble: string | undefined = 'it was not asked yet';

  constructor(
    private readonly engine: Engine,
    private readonly handlers: Handlers,
  ) {}

  /** Resolves once the engine has been tried; `trouble` then tells. */
  ready(): Promise<void> {
    this.first ??= new Promise(resolve => void this.keep(resolve));
    return this.first;
  }

  close(): void {
    this.closed = true;
    this.stream?.destroy();
    this.wake?.();
  }

  private async keep(tried: () => void): Promise<void> {
    let delay = FIRST_DELAY;
    while (!this.closed) {
      try {
        await this.engine.ping();
        const stream = await this.engine.events(FILTERS);
        if (this.closed) stream.destroy();
        this.stream = stream;
        this.trouble = undefined;
        delay = FIRST_DELAY;
        this.handlers.onConnected();
        tried();
        await eachJson(stream, raw => this.handlers.onEvent(toEvent(raw)));
        this.trouble = 'it closed the connection';
      } catch (error) {
        this.trouble = errorText(error).trim();
      }
      tried();
      if (!this.closed) await this.pause(delay);
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
