/* openapi.mjs: the structure of src/api/data/openapi.json, and that the server's routes and the document agree. */
import { join, main, ok, readFileSync, readdirSync, root } from './lib.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/* Every $ref below value, as [pointer of the place, target]. */
function refs(value, at = '#', found = []) {
  if (value && typeof value === 'object') {
    if (typeof value.$ref === 'string') found.push([at, value.$ref]);
    for (const [k, v] of Object.entries(value)) refs(v, `${at}/${k}`, found);
  }
  return found;
}

function target(doc, ref) {
  if (!ref.startsWith('#/')) return undefined;
  return ref.slice(2).split('/').reduce((o, k) => o?.[k.replace(/~1/g, '/').replace(/~0/g, '~')], doc);
}

/* What is wrong with one operation. */
function complaints(doc, path, method, op) {
  const bad = [];
  const say = (t) => bad.push(`${method.toUpperCase()} ${path}: ${t}`);
  if (!op.operationId) say('no operationId');
  if (!op.summary) say('no summary');
  if (!op.tags?.length) say('no tag');
  const codes = Object.keys(op.responses ?? {});
  if (!codes.length) say('no responses');
  for (const c of codes) {
    if (!/^([1-5]\d\d|[1-5]XX|default)$/.test(c)) say(`response "${c}"`);
    const r = op.responses[c].$ref ? target(doc, op.responses[c].$ref) : op.responses[c];
    if (!r?.description) say(`response ${c} has no description`);
  }
  if (!codes.some((c) => /^(4|default)/.test(c))) say('no answer for bad input');
  const params = [...(doc.paths[path].parameters ?? []), ...(op.parameters ?? [])]
    .map((p) => (p.$ref ? target(doc, p.$ref) : p));
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]);
  for (const name of inPath)
    if (!params.some((p) => p?.in === 'path' && p.name === name && p.required)) say(`{${name}} is not declared`);
  for (const p of params) {
    if (!p?.name || !['path', 'query', 'header', 'cookie'].includes(p.in)) say('a broken parameter');
    else if (!p.schema && !p.content) say(`parameter ${p.name} has no schema`);
    if (p?.in === 'path' && !inPath.includes(p.name)) say(`parameter ${p.name} is not in the path`);
  }
  for (const [mime, m] of Object.entries(op.requestBody?.content ?? {}))
    if (!m.schema) say(`body ${mime} has no schema`);
  for (const need of op.security ?? doc.security ?? [])
    for (const scheme of Object.keys(need))
      if (!doc.components?.securitySchemes?.[scheme]) say(`security scheme ${scheme} is not declared`);
  return bad;
}

/* The routes of the server, from its tables: { "GET", "/api/v1/me", ... }. */
function routes() {
  const found = new Set();
  const dir = join(root, 'src/api');
  for (const f of readdirSync(dir).filter((f) => f.endsWith('.c')))
    for (const m of readFileSync(join(dir, f), 'utf8').matchAll(/\{\s*"(GET|POST|PUT|PATCH|DELETE)",\s*"([^"]+)"/g))
      found.add(`${m[1]} ${m[2].replace(/\*\}/g, '}')}`);
  return found;
}

await main(() => {
  const text = readFileSync(join(root, 'src/api/data/openapi.json'), 'utf8').trim();
  const doc = JSON.parse(text);
  /* JSON.parse keeps the last of two members of one name, our reader takes neither; written anew, one would be gone */
  const lines = (t) => t.split('\n').length;
  ok(lines(text) === lines(JSON.stringify(doc, null, 1)), 'no member is written twice');
  ok(/^3\.1\.\d$/.test(doc.openapi), 'is OpenAPI 3.1', doc.openapi);
  ok(doc.info?.title && doc.info.version && doc.info.license?.name, 'title, version, licence', doc.info);

  const operations = [];
  const shape = [];
  for (const [path, item] of Object.entries(doc.paths)) {
    if (!path.startsWith('/')) shape.push(`${path}: does not begin with /`);
    for (const [k, op] of Object.entries(item)) {
      if (METHODS.includes(k)) operations.push([path, k, op]);
      else if (!['parameters', 'summary', 'description', 'servers', '$ref'].includes(k)) shape.push(`${path}: ${k}`);
    }
  }
  shape.push(...operations.flatMap(([p, m, op]) => complaints(doc, p, m, op)));
  ok(operations.length >= 15 && !shape.length, `${operations.length} operations are well formed`, shape.join('\n'));

  const ids = operations.map(([, , op]) => op.operationId);
  ok(new Set(ids).size === ids.length, 'operationIds are unique', ids.filter((x, i) => ids.indexOf(x) !== i));
  const dead = refs(doc).filter(([, r]) => target(doc, r) === undefined);
  ok(!dead.length, 'every $ref leads somewhere', dead);

  const served = routes();
  const written = new Set(operations.map(([p, m]) => `${m.toUpperCase()} ${p}`));
  ok(served.size >= 15, 'routes of the server were found', [...served]);
  const unwritten = [...served].filter((r) => !written.has(r));
  const unserved = [...written].filter((r) => !served.has(r));
  ok(!unwritten.length, 'every route is in the document', unwritten);
  ok(!unserved.length, 'every operation is served', unserved);
});
