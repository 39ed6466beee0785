/** What this installation is: its brands, its sources and how they are doing. */
import { aboutAnswer, brandsAnswer, oneQuery, sourcesAnswer } from '../contract.ts';
import { iso, toApiSource } from '../convert.ts';
import { type Api, clientsOf, type RouteContext, scopeOf } from './context.ts';

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
    url: '/sources',
    schema: {
      summary: 'The configured sources and how they are doing.',
      tags: ['installation'],
      response: { 200: sourcesAnswer },
    },
    handler: async () => ({ sources: context.sources().map(toApiSource), quarantined: context.quarantined() }),
  });
}
