import type { Dictionary } from './language.ts';

/** What `vigie check` says. */
export const check: Dictionary = {
  fr: {
    'check.config': ({ file, brands, sources }, { plural }) =>
      `${file} : valide (${brands} ${plural(Number(brands), 'marque', 'marques')}, ${sources} ${plural(Number(sources), 'source', 'sources')})`,
    'check.rules': ({ rules, folder }, { plural }) =>
      `${folder} : ${rules} ${plural(Number(rules), 'règle valide', 'règles valides')}`,
    'check.tests': ({ tests, failed }, { plural }) =>
      Number(failed) === 0
        ? `Tests des règles : ${tests} ${plural(Number(tests), 'réussi', 'réussis')}`
        : `Tests des règles : ${failed} en échec sur ${tests}`,
    'check.queryTests': ({ tests, failed }, { plural }) =>
      Number(failed) === 0
        ? `Tests des requêtes : ${tests} ${plural(Number(tests), 'réussi', 'réussis')}`
        : `Tests des requêtes : ${failed} en échec sur ${tests}`,
    'check.mustMatch': ({ brand, text, reasons }) => `la requête de ${brand} devrait retenir « ${text} » (${reasons})`,
    'check.mustNotMatch': ({ brand, text, found }) =>
      `la requête de ${brand} ne devrait pas retenir « ${text} »${found ? ` (elle y trouve : ${found})` : ''}`,
    'check.advice': ({ brand, advice }) => `Conseil pour la requête de ${brand} : ${advice}`,
    'check.reachable': ({ receiver, channel }) => `${receiver} (${channel}) : joignable`,
    'check.unreachable': ({ receiver, channel, reason }) => `${receiver} (${channel}) : injoignable (${reason})`,
  },
  en: {
    'check.config': ({ file, brands, sources }, { plural }) =>
      `${file}: valid (${brands} ${plural(Number(brands), 'brand', 'brands')}, ${sources} ${plural(Number(sources), 'source', 'sources')})`,
    'check.rules': ({ rules, folder }, { plural }) =>
      `${folder}: ${rules} ${plural(Number(rules), 'valid rule', 'valid rules')}`,
    'check.tests': ({ tests, failed }) =>
      Number(failed) === 0 ? `Tests of rules: ${tests} passed` : `Tests of rules: ${failed} of ${tests} failed`,
    'check.queryTests': ({ tests, failed }) =>
      Number(failed) === 0 ? `Tests of queries: ${tests} passed` : `Tests of queries: ${failed} of ${tests} failed`,
    'check.mustMatch': ({ brand, text, reasons }) => `the query of ${brand} should match “${text}” (${reasons})`,
    'check.mustNotMatch': ({ brand, text, found }) =>
      `the query of ${brand} should not match “${text}”${found ? ` (it finds: ${found})` : ''}`,
    'check.advice': ({ brand, advice }) => `Advice on the query of ${brand}: ${advice}`,
    'check.reachable': ({ receiver, channel }) => `${receiver} (${channel}): can be reached`,
    'check.unreachable': ({ receiver, channel, reason }) => `${receiver} (${channel}): cannot be reached (${reason})`,
  },
};
