/** Asks the server. Types come from its contract; nothing of it runs here. */
import type { z } from 'zod';
import type * as contract from '../../../src/api/contract.ts';

export type { ApiAlert, ApiLiveEvent, ApiMention, ApiSource } from '../../../src/api/contract.ts';
type Answer<Name extends keyof typeof contract> = (typeof contract)[Name] extends z.ZodType
  ? z.output<(typeof contract)[Name]>
  : never;
export type Mentions = Answer<'mentionsAnswer'>;
export type Series = Answer<'seriesAnswer'>;
export type Facets = Answer<'facetsAnswer'>;
export type Alerts = Answer<'alertsAnswer'>;
export type AlertDetail = Answer<'alertAnswer'>;
export type Sources = Answer<'sourcesAnswer'>;
export type Brands = Answer<'brandsAnswer'>;
export type About = Answer<'aboutAnswer'>;
export type TriageAnswer = Answer<'triageAnswer'>;
export type Session = Answer<'sessionAnswer'>;
export type Board = Answer<'boardAnswer'>;
export type Panel = Board['panels'][number];
export type TriageBody = z.output<typeof contract.triageBody>;
export type Problem = z.output<typeof contract.problem>;

/** Why there is no answer: what the server said, or that it could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0: no connection. */
  readonly status: number;
  readonly code: string;
  readonly problems: readonly Problem[];
  constructor(status: number, code: string, message: string, problems: readonly Problem[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

export type Params = Readonly<Record<string, string | number | undefined>>;

/** Nothing is waited for longer than this. */
const LIMIT_MS = 15_000;
let csrf = '';

/** Set once the session is known; sent with every change. */
export function setToken(token: string | undefined): void {
  csrf = token ?? '';
}

export function urlOf(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const query = search.toString();
  return `/api/v1/${path}${query === '' ? '' : `?${query}`}`;
}

export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return await ask<T>(urlOf(path, params), { method: 'GET' }, signal);
}

export async function post<T>(path: string, body: unknown, params: Params = {}): Promise<T> {
  const send = () =>
    ask<T>(urlOf(path, params), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'x-vigie-token': csrf },
    });
  try {
    return await send();
  } catch (error) {
    // Signed in anew in another tab: the session is another one, and so is its token.
    if (!(error instanceof ApiError) || error.code !== 'token') throw error;
    setToken((await get<Session>('session')).token);
    return await send();
  }
}

async function ask<T>(url: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, limit.aborted ? 'timeout' : 'offline', '');
  }
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    throw new ApiError(response.status, 'unreadable', '');
  }
  if (response.ok) return body as T;
  const told = (body as { error?: { code?: string; message?: string; problems?: Problem[] } }).error;
  throw new ApiError(response.status, told?.code ?? 'unknown', told?.message ?? '', told?.problems ?? []);
}
