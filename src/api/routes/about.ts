/** What this installation is: its brands, its sources and how they are doing. */
import type { TriagedMention } from '../../model/ports.ts';
import { documentOf } from '../../text/query/document.ts';
import { parseQuery } from '../../text/query/parse.ts';
import { fewestVerdicts, proposeChanges } from '../../text/query/propose.ts';
import { aboutAnswer, brandsAnswer, idParams, oneQuery, proposalsAnswer, sourcesAnswer } from '../contract.ts';
import { iso, toApiSource } from '../convert.ts';
import { ApiError } from '../errors.ts';
import { type Api, clientsOf, read, type RouteContext, scopeOf } from './context.ts';

/** Mentions of which proposals are made, the newest. */
const MOST_LOOKED = 2_000;
const PAGE = 1_000;

export function aboutRoutes(api: Api, context: RouteContext): void {
  api.route({
    method: 'GET',
    url: '/about',
    schema: { summary: 'What this installation is.', tags: ['installation'], response: { 200: aboutAnswer } },
    handler: async () => ({
      version: context.version,
      demo: context.demo,
      language: context.language,
      timezone: context.timezone,
      now: iso(context.now()),
    }),
  });

  api.route({
    method: 'GET',
    url: '/brands',
    schema: {
      summary: 'The watched brands of one client.',
      tags: ['installation'],
      querystring: oneQuery,
      response: { 200: brandsAnswer },
    },
    handler: async (request) => {
      const { client } = scopeOf(context, request.query.client);
      const brands = context.brands.filter((brand) => brand.client === client);
      return {
        client,
        clients: [...clientsOf(context.brands)],
        brands: brands.map(({ id, name, query, languages, role, competitors, group }) => ({
          id,
          name,
          query,
          languages: [...languages],
          role,
          competitors: [...competitors],
          group,
        })),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/brands/:id/proposals',
    schema: {
      summary: 'What to add to a brand’s query so that mentions like those judged off topic do not come.',
      tags: ['installation'],
      params: idParams,
      querystring: oneQuery,
      response: { 200: proposalsAnswer },
    },
    handler: async (request) => {
      const scope = scopeOf(context, request.query.client);
      const brand = context.brands.find(({ id, client }) => id === request.params.id && client === scope.client);
      const query = brand && parseQuery(brand.query).query;
      if (!query) throw new ApiError(404, 'notFound');
      const mentions: TriagedMention[] = [];
      let after: string | undefined;
      do {
        const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
        const { items, next } = await read(context, context.store.search(scope, { brands: [request.params.id] }, page));
        mentions.push(...items);
        after = next;
      } while (after !== undefined && mentions.length < MOST_LOOKED);
      const judged = mentions
        .filter(({ own }) => !own)
        .map((mention) => ({
          id: mention.id,
          document: documentOf(mention),
          offTopic: mention.triage.verdict === 'off-topic',
        }));
      return {
        verdicts: judged.filter(({ offTopic }) => offTopic).length,
        needed: fewestVerdicts,
        looked: judged.length,
        proposals: proposeChanges(query, judged).map((proposal) => ({
          ...proposal,
          removed: [...proposal.removed],
          lost: [...proposal.lost],
        })),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/sources',
    schema: {
      summary: 'The configured sources and how they are doing.',
      tags: ['installation'],
      response: { 200: sourcesAnswer },
    },
    handler: async () => ({ sources: context.sources().map(toApiSource), quarantined: context.quarantined() }),
  });
}
