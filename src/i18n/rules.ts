/** What rules say: why an alert was raised, which rules sleep, and what is wrong in a rule file. */
import type { Dictionary, Format } from './language.ts';

type Values = Readonly<Record<string, string | number>>;
type Words = (count: number, f: Format) => string;

const metricsFr: Readonly<Record<string, Words>> = {
  mentions: (n, f) => f.plural(n, 'mention', 'mentions'),
  negative: (n, f) => f.plural(n, 'mention négative', 'mentions négatives'),
  positive: (n, f) => f.plural(n, 'mention positive', 'mentions positives'),
  neutral: (n, f) => f.plural(n, 'mention neutre', 'mentions neutres'),
  unsure: (n, f) => f.plural(n, 'mention au ton incertain', 'mentions au ton incertain'),
  authors: (n, f) => f.plural(n, 'auteur différent', 'auteurs différents'),
  negative_authors: (n, f) => f.plural(n, 'auteur mécontent', 'auteurs mécontents'),
  networks: (n, f) => f.plural(n, 'réseau', 'réseaux'),
  stories: (n, f) => f.plural(n, 'sujet différent', 'sujets différents'),
  reach: () => 'de portée potentielle (abonnés des auteurs)',
  engagement: (n, f) => f.plural(n, 'réaction', 'réactions'),
  net_sentiment: () => 'de sentiment net',
};

const metricsEn: Readonly<Record<string, Words>> = {
  mentions: (n, f) => f.plural(n, 'mention', 'mentions'),
  negative: (n, f) => f.plural(n, 'negative mention', 'negative mentions'),
  positive: (n, f) => f.plural(n, 'positive mention', 'positive mentions'),
  neutral: (n, f) => f.plural(n, 'neutral mention', 'neutral mentions'),
  unsure: (n, f) => f.plural(n, 'mention of uncertain tone', 'mentions of uncertain tone'),
  authors: (n, f) => f.plural(n, 'different author', 'different authors'),
  negative_authors: (n, f) => f.plural(n, 'unhappy author', 'unhappy authors'),
  networks: (n, f) => f.plural(n, 'network', 'networks'),
  stories: (n, f) => f.plural(n, 'different story', 'different stories'),
  reach: () => 'of potential reach (followers of the authors)',
  engagement: (n, f) => f.plural(n, 'reaction', 'reactions'),
  net_sentiment: () => 'of net sentiment',
};

function isShare(metric: string): boolean {
  return metric === 'negative_share' || metric === 'share_of_voice' || metric === 'growth';
}

function quantityFr({ metric, value, approximate }: Values, f: Format): string {
  const name = String(metric);
  const count = Number(value);
  const about = approximate === 1 ? 'environ ' : '';
  if (name === 'negative_share') return `${f.share(count)} de mentions négatives`;
  if (name === 'share_of_voice') return `${f.share(count)} de part de voix`;
  if (name === 'growth')
    return `${count < 0 ? '' : '+'}${f.share(count)} de mentions par rapport à la période précédente`;
  if (name === 'minutes_since_last') return `aucune mention depuis ${f.duration(count * 60_000)}`;
  if (name.startsWith('kpi:')) return `indicateur « ${name.slice(4)} » à ${f.number(count)}`;
  return `${about}${f.number(count)} ${metricsFr[name]?.(count, f) ?? name}`;
}

function quantityEn({ metric, value, approximate }: Values, f: Format): string {
  const name = String(metric);
  const count = Number(value);
  const about = approximate === 1 ? 'about ' : '';
  if (name === 'negative_share') return `${f.share(count)} of mentions negative`;
  if (name === 'share_of_voice') return `${f.share(count)} share of voice`;
  if (name === 'growth') return `${count < 0 ? '' : '+'}${f.share(count)} mentions against the period before`;
  if (name === 'minutes_since_last') return `no mention for ${f.duration(count * 60_000)}`;
  if (name.startsWith('kpi:')) return `figure “${name.slice(4)}” at ${f.number(count)}`;
  return `${about}${f.number(count)} ${metricsEn[name]?.(count, f) ?? name}`;
}

function inWindow({ windowMs }: Values, f: Format, word: string): string {
  return Number(windowMs) > 0 ? ` ${word} ${f.duration(Number(windowMs))}` : '';
}

function level(value: Values, amount: number, f: Format): string {
  return isShare(String(value['metric'])) ? f.share(amount) : f.number(amount);
}

/** The limit as people say it: an operator is a word of the rule file, not of a message. */
function limitFr(value: Values, f: Format): string {
  return `${comparedFr[String(value['op'])] ?? ''}${level(value, Number(value['than']), f)}`;
}

function limitEn(value: Values, f: Format): string {
  return `${comparedEn[String(value['op'])] ?? ''}${level(value, Number(value['than']), f)}`;
}

const comparedFr: Readonly<Record<string, string>> = {
  '>': 'plus de ',
  '>=': 'au moins ',
  '<': 'moins de ',
  '<=': 'au plus ',
  '==': 'exactement ',
  '!=': 'autre que ',
};

const comparedEn: Readonly<Record<string, string>> = {
  '>': 'more than ',
  '>=': 'at least ',
  '<': 'less than ',
  '<=': 'at most ',
  '==': 'exactly ',
  '!=': 'other than ',
};

function ratio(value: Values, f: Format): string {
  const reference = Number(value['reference']);
  return reference > 0 ? ` (× ${f.number(Number(value['value']) / reference)})` : '';
}

const periodsFr: Readonly<Record<string, string>> = {
  usual: 'd’habitude à cette heure',
  previous: 'sur la période précédente',
  yesterday: 'hier à la même heure',
  last_week: 'il y a une semaine à la même heure',
};

const periodsEn: Readonly<Record<string, string>> = {
  usual: 'usually at this hour',
  previous: 'in the period before',
  yesterday: 'at this time yesterday',
  last_week: 'at this time a week ago',
};

/** `filter` in brackets, where there is one. */
function filtered({ filter }: Values, open: string, close: string): string {
  return filter === undefined || filter === '' ? '' : ` (${open}${filter}${close})`;
}

function meantFr(near: string | number | undefined): string {
  return near ? ` : vouliez-vous écrire « ${near} » ?` : '.';
}

function meantEn(near: string | number | undefined): string {
  return near ? `: did you mean "${near}"?` : '.';
}

function choiceFr({ near, known }: Values): string {
  return near ? meantFr(near) : known ? `. Possibles : ${known}.` : '.';
}

function choiceEn({ near, known }: Values): string {
  return near ? meantEn(near) : known ? `. Possible: ${known}.` : '.';
}

export const rules: Dictionary = {
  fr: {
    'rules.metric': (v, f) =>
      `${quantityFr(v, f)}${inWindow(v, f, 'en')}${filtered(v, '« ', ' »')}${v['metric'] === 'minutes_since_last' ? '' : ` (seuil : ${limitFr(v, f)})`}`,
    'rules.metricVs': (v, f) =>
      `${quantityFr(v, f)}${inWindow(v, f, 'en')}${filtered(v, '« ', ' »')}, contre ${level(v, Number(v['reference']), f)} ${periodsFr[String(v['vs'])] ?? ''}${ratio(v, f)}`,
    'rules.metricVsBrand': (v, f) =>
      `${quantityFr(v, f)}${inWindow(v, f, 'en')}${filtered(v, '« ', ' »')}, contre ${level(v, Number(v['reference']), f)} pour ${v['vs']}${ratio(v, f)}`,
    'rules.learning': () => 'marque suivie depuis moins de 48 h : son niveau habituel n’est pas encore connu',
    'rules.sleepsUntil': ({ rule, until }, f) =>
      `La règle « ${rule} » dort jusqu’au ${f.time(Number(until))} : l’historique est trop court pour comparer.`,
    'rules.sleepsUntilMentions': ({ rule }) =>
      `La règle « ${rule} » dort : il n’y a pas encore d’historique auquel comparer.`,
    'rules.dropped': ({ count }, f) =>
      `${f.number(Number(count))} ${f.plural(Number(count), 'signal ou alerte laissé', 'signaux ou alertes laissés')} de côté : il y en avait trop à la fois.`,
    'rules.problem.unknown.key': ({ name, near }) => `la clé « ${name} » n’existe pas${meantFr(near)}`,
    'rules.problem.unknown.brand': (v) => `la marque « ${v['name']} » n’est pas dans la configuration${choiceFr(v)}`,
    'rules.problem.unknown.client': (v) => `aucune marque n’a pour client « ${v['name']} »${choiceFr(v)}`,
    'rules.problem.unknown.signal': (v) => `aucun détecteur ne s’appelle « ${v['name']} »${choiceFr(v)}`,
    'rules.problem.unknown.metric': (v) => `la mesure « ${v['name']} » n’existe pas${choiceFr(v)}`,
    'rules.problem.unknown.field': (v) => `un signal n’a pas de champ « ${v['name']} »${choiceFr(v)}`,
    'rules.problem.unknown.vs': (v) => `on ne peut pas comparer avec « ${v['name']} »${choiceFr(v)}`,
    'rules.problem.template': ({ name, near }) => `« ${name} » ne peut pas être rempli${meantFr(near)}`,
    'rules.problem.duplicate': ({ id, place }) => `la règle « ${id} » existe déjà : ${place}. Donnez-lui un autre nom.`,
    'rules.problem.duration': () =>
      'ce n’est pas une durée : écrivez un nombre et une unité, par exemple 90s, 5m, 12h ou 7d.',
    'rules.problem.share': () => 'ce n’est ni un nombre ni une part : écrivez par exemple 3, 0.4 ou 40%.',
    'rules.problem.id': () =>
      'un nom de règle s’écrit avec a-z, 0-9 et « - », et commence par une lettre ou un chiffre.',
    'rules.problem.oneOf': ({ options }) =>
      `ce n’est pas une valeur possible ; écrivez l’une de celles-ci : ${options}.`,
    'rules.problem.missing': () => 'il manque une valeur.',
    'rules.problem.type': ({ expected }) =>
      `ce n’est pas le bon genre de valeur : il faut ${kindFr(String(expected))}.`,
    'rules.problem.tooFew': () => 'il en faut davantage.',
    'rules.problem.tooMany': ({ max }) => `${max} au plus.`,
    'rules.problem.condition': () =>
      'ce n’est pas une condition : écrivez signal, metric, all, any, not, sequence ou learning.',
    'rules.problem.syntax': ({ message }) => `ce n’est pas du YAML valable : ${message}`,
    'rules.problem.tier': ({ severity, tier }) =>
      `un palier doit être plus grave que la règle : elle est « ${severity} », il est « ${tier} ».`,
    'rules.problem.nestedSequence': () => 'une séquence ne peut pas en contenir une autre.',
    'rules.problem.fieldTest': () => 'field, op et than vont ensemble : écrivez les trois, ou aucun.',
    'rules.problem.noMin': ({ metric }) => `min compte des mentions : il n’a pas de sens avec ${metric}.`,
    'rules.problem.noFilter': ({ metric }) => `filter choisit des mentions : il n’a pas de sens avec ${metric}.`,
    'rules.problem.noVs': ({ metric, vs }) =>
      `${metric} ne se compare pas avec « ${vs} » : retirez vs, et écrivez un nombre dans than.`,
    'rules.problem.otherPartition': ({ brand, other, client, group }) =>
      `« ${other} » ne peut pas être comparée à « ${brand} » : elles n’ont pas le même client et le même groupe. Limitez la règle avec brands: aux marques du client « ${client} », groupe « ${group} ».`,
    'rules.problem.noShare': ({ metric, than }) => `${metric} se compte en nombres : « ${than} » n’en est pas un.`,
    'rules.problem.shareTooLarge': ({ metric, than }) =>
      `${metric} va de 0 à 1 : écrivez « ${than}% » ou une part comme 0.4.`,
    'rules.problem.alwaysTrue': ({ metric, op }) =>
      `cette condition serait toujours vraie : ${metric} n’est jamais négatif. Écrivez un seuil plus grand avec ${op}.`,
    'rules.problem.noWindow': ({ metric }) => `${metric} n’a pas de fenêtre : retirez window.`,
    'rules.problem.missingWindow': ({ metric }) =>
      `il manque window : sur quelle durée mesurer ${metric} ? Par exemple 1h.`,
    'rules.problem.windowStep': ({ step }) => `la fenêtre doit être un multiple de ${step}.`,
    'rules.problem.windowLong': () => 'la fenêtre est trop longue : 7d au plus.',
    'rules.test.series': ({ value }) =>
      `« ${value} » n’est pas une série : écrivez par exemple 5x60 10x20 (valeur x minutes).`,
    'rules.test.rate': ({ value }) => `« ${value} » n’est pas un rythme : écrivez par exemple 5/m ou 12/h.`,
    'rules.test.rules': ({ name }) => `le fichier de règles « ${name} » n’existe pas.`,
    'rules.test.onlyOne': () => 'écrivez une seule de ces clés : mentions, posts ou input.',
    'rules.test.failed': ({ at, wanted, found }) => `à ${at}, on attendait ${wanted} ; il y a ${found}.`,
    'rules.test.nothing': () => 'aucune alerte',
    'rules.test.unreadable': ({ name, message }) => `le fichier « ${name} » ne peut pas être lu : ${message}`,
  },
  en: {
    'rules.metric': (v, f) =>
      `${quantityEn(v, f)}${inWindow(v, f, 'in')}${filtered(v, '“', '”')}${v['metric'] === 'minutes_since_last' ? '' : ` (threshold: ${limitEn(v, f)})`}`,
    'rules.metricVs': (v, f) =>
      `${quantityEn(v, f)}${inWindow(v, f, 'in')}${filtered(v, '“', '”')}, against ${level(v, Number(v['reference']), f)} ${periodsEn[String(v['vs'])] ?? ''}${ratio(v, f)}`,
    'rules.metricVsBrand': (v, f) =>
      `${quantityEn(v, f)}${inWindow(v, f, 'in')}${filtered(v, '“', '”')}, against ${level(v, Number(v['reference']), f)} for ${v['vs']}${ratio(v, f)}`,
    'rules.learning': () => 'brand watched for less than 48 h: what is usual is not known yet',
    'rules.sleepsUntil': ({ rule, until }, f) =>
      `The rule “${rule}” sleeps until ${f.time(Number(until))}: there is too little history to compare with.`,
    'rules.sleepsUntilMentions': ({ rule }) => `The rule “${rule}” sleeps: there is no history yet to compare with.`,
    'rules.dropped': ({ count }, f) =>
      `${f.number(Number(count))} ${f.plural(Number(count), 'signal or alert was', 'signals or alerts were')} left out: there were too many at a time.`,
    'rules.problem.unknown.key': ({ name, near }) => `unknown key "${name}"${meantEn(near)}`,
    'rules.problem.unknown.brand': (v) => `the brand "${v['name']}" is not in the configuration${choiceEn(v)}`,
    'rules.problem.unknown.client': (v) => `no brand belongs to the client "${v['name']}"${choiceEn(v)}`,
    'rules.problem.unknown.signal': (v) => `no detector is called "${v['name']}"${choiceEn(v)}`,
    'rules.problem.unknown.metric': (v) => `unknown metric "${v['name']}"${choiceEn(v)}`,
    'rules.problem.unknown.field': (v) => `a signal has no field "${v['name']}"${choiceEn(v)}`,
    'rules.problem.unknown.vs': (v) => `cannot compare with "${v['name']}"${choiceEn(v)}`,
    'rules.problem.template': ({ name, near }) => `"${name}" cannot be filled in${meantEn(near)}`,
    'rules.problem.duplicate': ({ id, place }) => `the rule "${id}" is there already: ${place}. Give it another id.`,
    'rules.problem.duration': () => 'not a duration: write a number and a unit, such as 90s, 5m, 12h or 7d.',
    'rules.problem.share': () => 'neither a number nor a share: write 3, 0.4 or 40%, for example.',
    'rules.problem.id': () => 'a rule id is written with a-z, 0-9 and "-", and begins with a letter or a digit.',
    'rules.problem.oneOf': ({ options }) => `not a possible value; write one of: ${options}.`,
    'rules.problem.missing': () => 'a value is missing.',
    'rules.problem.type': ({ expected }) => `not the right kind of value: ${kindEn(String(expected))} is needed.`,
    'rules.problem.tooFew': () => 'more are needed.',
    'rules.problem.tooMany': ({ max }) => `${max} at most.`,
    'rules.problem.condition': () => 'not a condition: write signal, metric, all, any, not, sequence or learning.',
    'rules.problem.syntax': ({ message }) => `not valid YAML: ${message}`,
    'rules.problem.tier': ({ severity, tier }) =>
      `a tier must be graver than the rule: the rule is "${severity}", the tier is "${tier}".`,
    'rules.problem.nestedSequence': () => 'a sequence cannot hold another one.',
    'rules.problem.fieldTest': () => 'field, op and than go together: write all three, or none.',
    'rules.problem.noMin': ({ metric }) => `min counts mentions: it means nothing for ${metric}.`,
    'rules.problem.noFilter': ({ metric }) => `filter chooses mentions: it means nothing for ${metric}.`,
    'rules.problem.noVs': ({ metric, vs }) =>
      `${metric} cannot be compared with "${vs}": remove vs, and write a number after than.`,
    'rules.problem.otherPartition': ({ brand, other, client, group }) =>
      `"${other}" cannot be compared with "${brand}": they are not of one client and group. Limit the rule with brands: to brands of client "${client}", group "${group}".`,
    'rules.problem.noShare': ({ metric, than }) => `${metric} is a number: "${than}" is none.`,
    'rules.problem.shareTooLarge': ({ metric, than }) =>
      `${metric} goes from 0 to 1: write "${than}%", or a share such as 0.4.`,
    'rules.problem.alwaysTrue': ({ metric, op }) =>
      `this would always be true: ${metric} is never negative. Write a larger limit after ${op}.`,
    'rules.problem.noWindow': ({ metric }) => `${metric} has no window: remove window.`,
    'rules.problem.missingWindow': ({ metric }) =>
      `window is missing: over how long is ${metric} measured? For example 1h.`,
    'rules.problem.windowStep': ({ step }) => `the window must be a multiple of ${step}.`,
    'rules.problem.windowLong': () => 'the window is too long: 7d at most.',
    'rules.test.series': ({ value }) => `"${value}" is not a series: write for example 5x60 10x20 (value x minutes).`,
    'rules.test.rate': ({ value }) => `"${value}" is not a rate: write for example 5/m or 12/h.`,
    'rules.test.rules': ({ name }) => `the rule file "${name}" does not exist.`,
    'rules.test.onlyOne': () => 'write one of these keys only: mentions, posts or input.',
    'rules.test.failed': ({ at, wanted, found }) => `at ${at}, expected ${wanted}; there is ${found}.`,
    'rules.test.nothing': () => 'no alert',
    'rules.test.unreadable': ({ name, message }) => `the file "${name}" cannot be read: ${message}`,
  },
};

function kindFr(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: 'un texte',
    number: 'un nombre',
    boolean: 'true ou false',
    array: 'une liste',
    object: 'des clés et des valeurs',
    record: 'des clés et des valeurs',
  };
  return kinds[expected] ?? expected;
}

function kindEn(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a set of keys and values',
    record: 'a set of keys and values',
  };
  return kinds[expected] ?? expected;
}
