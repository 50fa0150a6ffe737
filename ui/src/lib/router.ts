/* Hash routes: "#/c/42?state=live" -> { path: ["c","42"], query: {state:"live"} } */

interface Route {
  path: string[];
  query: Record<string, string>;
}

export function parseHash(hash: string): Route {
  const raw = hash.replace(/^#\/?/, '');
  const cut = raw.indexOf('?');
  const path = (cut < 0 ? raw : raw.slice(0, cut)).split('/').filter(Boolean).map(decode);
  const query: Record<string, string> = {};
  if (cut >= 0) new URLSearchParams(raw.slice(cut + 1)).forEach((v, k) => (query[k] = v));
  return { path, query };
}

export function makeHash(path: string[], query: Record<string, string | undefined> = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v) q.set(k, v);
  const s = q.toString();
  return '#/' + path.map(encodeURIComponent).join('/') + (s ? '?' + s : '');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
