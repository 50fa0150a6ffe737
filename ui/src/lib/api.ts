/* One door to the REST surface: JSON in and out, problem+json as ApiError. */

/* What is wrong in a text that was sent, where, and how to mend it. */
export interface Issue {
  where: string;
  what: string;
  mend: string;
}

export class ApiError extends Error {
  constructor(
    public status: number, /* 0: the server could not be reached */
    public title: string,
    public detail: string,
    public issues: Issue[] = [],
    public code = '' /* for programs: "no_model" */,
  ) {
    super(detail || title);
  }
}

export interface CallOptions {
  method?: string;
  body?: unknown;
  token?: string | null;
  signal?: AbortSignal;
  query?: Record<string, string | number | null | undefined>;
  headers?: Record<string, string>; /* If-Match, Idempotency-Key */
  keepalive?: boolean; /* it goes on when the page is left */
}

export function withQuery(path: string, query: CallOptions['query']): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query ?? {}))
    if (v !== null && v !== undefined && v !== '') q.set(k, String(v));
  const s = q.toString();
  return s ? `${path}?${s}` : path;
}

async function send(path: string, o: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...o.headers };
  if (o.token) headers['Authorization'] = `Bearer ${o.token}`;
  const init: RequestInit = { method: o.method ?? 'GET', headers, cache: 'no-store' };
  if (o.signal) init.signal = o.signal;
  if (o.keepalive) init.keepalive = true;
  if (o.body instanceof Blob) init.body = o.body; /* bytes as they are */
  else if (o.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(o.body);
  }
  let r: Response;
  try {
    r = await fetch(withQuery(path, o.query), init);
  } catch (e) {
    if ((e as Error).name === 'AbortError') throw e;
    throw new ApiError(0, 'unreachable', '');
  }
  if (!r.ok) throw await problem(r);
  return r;
}

async function problem(r: Response): Promise<ApiError> {
  try {
    const p = (await r.json()) as { title?: string; detail?: string; issues?: Issue[]; code?: string };
    return new ApiError(r.status, p.title ?? r.statusText, p.detail ?? '', p.issues ?? [], p.code ?? '');
  } catch {
    return new ApiError(r.status, r.statusText, '');
  }
}

export async function call<T>(path: string, o: CallOptions = {}): Promise<T> {
  const r = await send(path, o);
  if (r.status === 204) return undefined as T;
  try {
    return (await r.json()) as T;
  } catch {
    throw new ApiError(502, 'bad answer', '');
  }
}

/* The answer with its ETag, for a later If-Match. */
export async function callTagged<T>(path: string, o: CallOptions = {}): Promise<{ body: T; etag: string | null }> {
  const r = await send(path, o);
  try {
    return { body: (await r.json()) as T, etag: r.headers.get('ETag') };
  } catch {
    throw new ApiError(502, 'bad answer', '');
  }
}

export async function callBytes(path: string, o: CallOptions = {}): Promise<ArrayBuffer> {
  return (await send(path, o)).arrayBuffer();
}
