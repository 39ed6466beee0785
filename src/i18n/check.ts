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
    'check.reachable': ({ receiver, channel }) => `${receiver} (${channel}): can be reached`,
    'check.unreachable': ({ receiver, channel, reason }) => `${receiver} (${channel}): cannot be reached (${reason})`,
  },
};
