import type { Readable } from 'node:stream';
import { errorText } from '../../errors.js';
import type { JsonObject } from '../../json.js';
import type { Engine } from './docker-engine.js';
import { eachJson } from './json-lines.js';
import { Standing } from './standing.js';

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

/** The one stream of events from the engine, taken up again when it breaks. It begins with the first call of `ready`. */
export class EngineEvents {
  private readonly standing: Standing;
  private stream: Readable | undefined;
  private closed = false;

  constructor(
    private readonly engine: Engine,
    private readonly handlers: Handlers,
  ) {
    this.standing = new Standing(
      up => this.follow(up),
      error => errorText(error).trim(),
    );
  }

  /** Why the engine does not answer; undefined while it does. */
  get trouble(): string | undefined {
    return this.standing.trouble;
  }

  /** Resolves once the engine has been tried; `trouble` then tells. */
  ready(): Promise<void> {
    return this.standing.ready();
  }

  close(): void {
    this.closed = true;
    this.standing.close();
    this.stream?.destroy();
  }

  private async follow(up: () => void): Promise<string> {
    await this.engine.ping();
    const stream = await this.engine.events(FILTERS);
    if (this.closed) stream.destroy();
    this.stream = stream;
    up();
    this.handlers.onConnected();
    await eachJson(stream, raw => this.handlers.onEvent(toEvent(raw)));
    return 'it closed the connection';
  }
}
