import { readFileSync } from 'node:fs';
import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { errorText, UsageError } from '../../errors.js';
import { isObject, type JsonObject } from '../../json.js';

const FORM = "a Pod, a PodTemplate, or an object with 'metadata' and 'spec'";

const member = (value: JsonObject, name: string, where: string): JsonObject => {
  const found = value[name];
  if (found === undefined) return {};
  if (!isObject(found)) throw new Error(`${where}${name} is no object`);
  return found;
};

/** Reads what every function pod is to have (YAML or JSON). Throws `UsageError`. */
export const readTemplate = async (file: string): Promise<V1PodTemplateSpec> => {
  try {
    const { parse } = await import('yaml');
    const value: unknown = parse(readFileSync(file, 'utf8'));
    if (!isObject(value)) throw new Error(`expected ${FORM}`);
    const template = value['kind'] === 'PodTemplate' ? member(value, 'template', '') : value;
    const spec = member(template, 'spec', '');
    const containers = spec['containers'] ?? [];
    if (!Array.isArray(containers) || !containers.every(one => isObject(one) && typeof one['name'] === 'string'))
      throw new Error('spec.containers is no list of objects with a name');
    if (Object.keys(spec).length === 0 && Object.keys(member(template, 'metadata', '')).length === 0)
      throw new Error(`expected ${FORM}`);
    return {
      metadata: member(template, 'metadata', ''),
      spec: { ...spec, containers },
    } as unknown as V1PodTemplateSpec;
  } catch (error) {
    throw new UsageError(`The pod template '${file}' cannot be used: ${errorText(error)}`);
  }
};
