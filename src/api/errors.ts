/** What goes wrong in a request, as an answer: a code for programs, words for people, and nothing of our insides. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { type Language, say } from '../i18n/index.ts';
import type { Logger } from '../lib/log.ts';
import { Conflict, NotFound, TooSlow } from '../model/errors.ts';
import type { ErrorAnswer } from './contract.ts';

export type ApiProblem = NonNullable<ErrorAnswer['error']['problems']>[number];

/** A request that cannot be answered, with the sentence that says why (`i18n/api.ts`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;
  readonly problems: readonly ApiProblem[] | undefined;
  readonly retryAfterS: number | undefined;
  constructor(
    status: number,
    key: string,
    options: {
      readonly values?: Readonly<Record<string, string | number>>;
      readonly problems?: readonly ApiProblem[];
      readonly retryAfterS?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(key, { cause: options.cause });
    this.status = status;
    this.key = key;
    this.values = options.values ?? {};
    this.problems = options.problems;
    this.retryAfterS = options.retryAfterS;
  }
}

/** Names of codes where they differ from the sentence's key in kebab-case. */
function codeOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Fastify's own complaints, and how we say them. */
const BY_CODE: Readonly<Record<string, readonly [number, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'tooLarge'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'mediaType'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'badRequest'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'badRequest'],
};

function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof Conflict) return new ApiError(409, 'conflict');
  if (error instanceof NotFound) return new ApiError(404, 'notFound');
  if (error instanceof TooSlow) return new ApiError(503, 'tooSlow', { retryAfterS: 5 });
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.map(({ instancePath, message }) => ({
      path: instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: message ?? '',
    }));
    return new ApiError(400, 'badRequest', { problems });
  }
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? BY_CODE[code] : undefined;
  if (known) return new ApiError(...known);
  if (statusCode === 429) return new ApiError(429, 'tooMany');
  if (statusCode === 503) return new ApiError(503, 'stopping', { retryAfterS: 5 });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new ApiError(statusCode, 'badRequest');
  return undefined;
}

/** Answers an error. What is not expected is logged whole and told by its reference alone. */
export async function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  context: { readonly language: Language; readonly log: Logger },
): Promise<FastifyReply> {
  const known = asApiError(error);
  if (known === undefined) {
    context.log.error('api.failed', { id: request.id, method: request.method, route: request.routeOptions.url, error });
  }
  const { status, key, values, problems, retryAfterS } =
    known ?? new ApiError(500, 'internal', { values: { id: request.id } });
  const body: ErrorAnswer = {
    error: {
      code: codeOf(key),
      message: say(context.language, { key: `api.${key}`, values }),
      ...(problems === undefined ? {} : { problems: [...problems] }),
    },
  };
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  // The schemas of success know nothing of errors: the text is made here.
  return await reply
    .code(status)
    .type('application/json; charset=utf-8')
    .serializer((text: unknown) => text as string)
    .send(JSON.stringify(body));
}
