/* From the JSON Schema of a tool's arguments to fields of a form, and from what was typed to the arguments.
 * Pure. What a plain field cannot hold (lists of objects, objects) is typed as JSON. */
import type { Schema } from './types.ts';

type FieldKind = 'text' | 'choice' | 'number' | 'whole' | 'yesno' | 'date' | 'words' | 'json';
export interface Field {
  name: string;
  kind: FieldKind;
  required: boolean;
  options: string[];
  schema: Schema;
}

function kindOf(s: Schema): FieldKind {
  const type = Array.isArray(s.type) ? s.type.find((x) => x !== 'null') : s.type;
  if (s.enum) return 'choice';
  if (type === 'integer') return 'whole';
  if (type === 'number') return 'number';
  if (type === 'boolean') return 'yesno';
  if (type === 'array') return s.items?.type === 'string' || s.items?.enum ? 'words' : 'json';
  if (type === 'object') return 'json';
  return s.format === 'date' ? 'date' : 'text';
}

export function fieldsOf(schema: Schema | null | undefined): Field[] {
  const must = new Set(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {})
    .map(([name, s]) => ({
      name,
      kind: kindOf(s),
      required: must.has(name),
      options: (s.enum ?? []).map(String),
      schema: s,
    }))
    .sort((a, b) => Number(b.required) - Number(a.required));
}

/* What a field's text means: undefined = left out; a string in error = why it does not fit. */
function valueOf(f: Field, raw: string): { value?: unknown; error?: string } {
  const text = raw.trim();
  if (!text) return {};
  switch (f.kind) {
    case 'number':
    case 'whole': {
      const n = Number(text);
      const bad = !Number.isFinite(n) || (f.kind === 'whole' && !Number.isInteger(n));
      return bad ? { error: f.kind } : { value: n };
    }
    case 'yesno':
      return { value: text === 'yes' };
    case 'words':
      return { value: text.split(/[,，、;；\n]\s*/).map((x) => x.trim()).filter(Boolean) };
    case 'choice': {
      const same = f.schema.enum?.find((x) => String(x) === text);
      return same === undefined ? { error: 'choice' } : { value: same };
    }
    case 'json':
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return { error: 'json' };
      }
    default:
      return { value: text };
  }
}

interface Args {
  args: Record<string, unknown>;
  errors: Record<string, string>; /* field -> number, whole, choice, json, missing */
}

export function argsOf(fields: Field[], typed: Record<string, string>): Args {
  const out: Args = { args: {}, errors: {} };
  for (const f of fields) {
    const { value, error } = valueOf(f, typed[f.name] ?? '');
    if (error) out.errors[f.name] = error;
    else if (value !== undefined) out.args[f.name] = value;
    else if (f.required) out.errors[f.name] = 'missing';
  }
  return out;
}
