/**
 * What OpenWhisk's entities do, as plain as can be: a map, without store, HTTP or revisions. The property test in
 * test/e2e/model.test.ts holds the server against it.
 */
export interface Body {
  readonly exec?: boolean;
  readonly parameters?: Record<string, number>;
  readonly annotations?: Record<string, number>;
  readonly publish?: boolean;
  readonly version?: string;
  /** Packages: the name to bind to. */
  readonly binding?: string;
  /** Rules: names of the trigger and the action. */
  readonly trigger?: string;
  readonly action?: string;
}

export type Collection = 'actions' | 'triggers' | 'rules' | 'packages';

export interface ModelEntity {
  readonly in: Collection;
  readonly version: string;
  readonly publish: boolean;
  readonly parameters: Record<string, number>;
  readonly annotations: Record<string, unknown>;
  readonly binding?: string | undefined;
  readonly trigger?: string;
  readonly action?: string;
  /** Triggers: status and action by rule; absent while there never was a rule. */
  readonly rules?: Record<string, { readonly action: string; readonly status: string }>;
  /** When it was written last. */
  readonly at: number;
}

/** A status, and for 200 the entity that the answer shows. */
export type Outcome = readonly [status: number, entity?: ModelEntity & { readonly status?: string }];

const bump = (version: string): string => version.replace(/\d+$/, n => String(Number(n) + 1));

export class EntityModel {
  private readonly entities = new Map<string, ModelEntity>();
  private writes = 0;

  /** The package an action's path lies in, as a reader sees it: its provider if it is a binding, or a status. */
  private provider(name: string): string | number {
    const found = this.entities.get(name);
    if (!found) return 404;
    if (found.in !== 'packages') return 409;
    if (found.binding === undefined) return name;
    const target = this.entities.get(found.binding);
    if (!target || target.binding !== undefined) return 404;
    return target.in === 'packages' ? found.binding : 409;
  }

  private find(collection: Collection, path: string): ModelEntity | number {
    const found = this.entities.get(path);
    return found ? (found.in === collection ? found : 409) : 404;
  }

  /** Where an action that is named `path` is stored, or a status. */
  private resolve(path: string): string | number {
    const [outer = '', inner] = path.split('/');
    if (inner === undefined) return path;
    const provider = this.provider(outer);
    return typeof provider === 'number' ? provider : `${provider}/${inner}`;
  }

  private write(path: string, entity: Omit<ModelEntity, 'at'>): ModelEntity {
    const written = { ...entity, at: ++this.writes };
    this.entities.set(path, written);
    return written;
  }

  private link(trigger: string, rule: string, entry: { action: string; status: string } | undefined): void {
    const found = this.entities.get(trigger);
    if (found?.in !== 'triggers') return;
    const { [rule]: _, ...others } = found.rules ?? {};
    this.write(trigger, { ...found, rules: entry ? { ...others, [rule]: entry } : others });
  }

  private statusOf(rule: string, trigger: string): string {
    const found = this.entities.get(trigger);
    return (found?.in === 'triggers' && found.rules?.[rule]?.status) || 'inactive';
  }

  put(collection: Collection, path: string, body: Body, overwrite: boolean): Outcome {
    const outer = path.includes('/') ? this.find('packages', path.split('/')[0] as string) : undefined;
    if (typeof outer === 'number') return [outer];
    if (outer?.binding !== undefined) return [400];
    const provider = body.binding === undefined ? undefined : this.provider(body.binding);
    if (typeof provider === 'number') return [provider === 404 ? 400 : 409];
    const inPackage = body.action?.includes('/') ? this.provider(body.action.split('/')[0] as string) : undefined;
    if (typeof inPackage === 'number') return [inPackage];
    const stored = this.entities.get(path);
    if (stored && (stored.in !== collection || !overwrite)) return [409];
    const common = {
      in: collection,
      version: body.version ?? (stored ? bump(stored.version) : '0.0.1'),
      publish: body.publish ?? stored?.publish ?? false,
      parameters: body.parameters ?? stored?.parameters ?? {},
      annotations: body.annotations ?? stored?.annotations ?? {},
    };
    switch (collection) {
      case 'actions': {
        if (!stored && !body.exec) return [400];
        const added = stored ? {} : { 'provide-api-key': false };
        const annotations = { ...added, ...stored?.annotations, ...body.annotations, exec: 'nodejs:20' };
        return [200, this.write(path, { ...common, annotations })];
      }
      case 'triggers':
        return [200, this.write(path, { ...common, ...(stored?.rules && { rules: stored.rules }) })];
      case 'packages': {
        if (body.binding !== undefined && stored && stored.binding === undefined) return [409];
        if (body.binding !== undefined && provider !== body.binding) return [400];
        return [200, this.write(path, { ...common, binding: body.binding ?? stored?.binding })];
      }
      case 'rules':
        return this.putRule(path, common, body, stored);
    }
  }

  private putRule(path: string, common: Omit<ModelEntity, 'at'>, body: Body, stored: ModelEntity | undefined): Outcome {
    const trigger = body.trigger ?? stored?.trigger;
    const action = body.action ?? stored?.action;
    if (trigger === undefined || action === undefined) return [400];
    if (typeof this.find('triggers', trigger) === 'number') return [400];
    const resolved = this.resolve(action);
    if (typeof resolved === 'number' || typeof this.find('actions', resolved) === 'number') return [400];
    const status = stored ? this.statusOf(path, stored.trigger as string) : 'active';
    const rule = this.write(path, { ...common, trigger, action });
    this.link(trigger, path, { action, status });
    if (stored && stored.trigger !== trigger) this.link(stored.trigger as string, path, undefined);
    return [200, { ...rule, status }];
  }

  get(collection: Collection, path: string): Outcome {
    const at = collection === 'actions' ? this.resolve(path) : path;
    if (typeof at === 'number') return [at];
    const found = this.find(collection, at);
    if (typeof found === 'number') return [found];
    if (collection === 'rules') return [200, { ...found, status: this.statusOf(path, found.trigger as string) }];
    const outer = path.split('/')[0] as string;
    const source = collection === 'packages' ? path : outer;
    const provider =
      collection === 'triggers' || (collection === 'actions' && at === path && !path.includes('/'))
        ? source
        : this.provider(source);
    if (typeof provider === 'number') return [provider];
    const inherited =
      provider === source && collection === 'packages' ? {} : this.inherited(collection, path, provider);
    return [200, { ...found, parameters: { ...inherited, ...found.parameters } }];
  }

  private inherited(collection: Collection, path: string, provider: string): Record<string, number> {
    const of = (name: string): Record<string, number> => this.entities.get(name)?.parameters ?? {};
    if (collection === 'packages') return of(provider);
    const outer = path.split('/')[0] as string;
    if (!path.includes('/')) return {};
    return provider === outer ? of(outer) : { ...of(provider), ...of(outer) };
  }

  delete(collection: Collection, path: string, force: boolean): Outcome {
    const outer = path.includes('/') ? this.find('packages', path.split('/')[0] as string) : undefined;
    if (typeof outer === 'number') return [outer];
    if (outer?.binding !== undefined) return [400];
    const found = this.find(collection, path);
    if (typeof found === 'number') return [found];
    const inside = [...this.entities.keys()].filter(key => key.startsWith(`${path}/`));
    if (collection === 'packages' && found.binding === undefined && inside.length > 0) {
      if (!force) return [409];
      for (const key of inside) this.entities.delete(key);
    }
    this.entities.delete(path);
    if (collection === 'rules') {
      const trigger = this.entities.get(found.trigger as string);
      if (trigger?.rules?.[path]) this.link(found.trigger as string, path, undefined);
    }
    return [200, { ...found, ...(collection === 'rules' && { status: 'inactive' }) }];
  }

  setStatus(path: string, status: string): number {
    const found = this.find('rules', path);
    if (typeof found === 'number') return found;
    const trigger = found.trigger as string;
    if (this.entities.get(trigger)?.in !== 'triggers') return status === 'active' ? 404 : 200;
    if (this.statusOf(path, trigger) !== status) this.link(trigger, path, { action: found.action as string, status });
    return 200;
  }

  /** Paths of a collection, those written last first. */
  list(collection: Collection): string[] {
    return [...this.entities]
      .filter(([, entity]) => entity.in === collection)
      .sort(([, a], [, b]) => b.at - a.at)
      .map(([path]) => path);
  }
}
