/** What is wrong in a configuration file, said to the person who wrote it. */
import type { Dictionary, Sentence } from './language.ts';

const en: Readonly<Record<string, Sentence>> = {
  'config.unknownKey': ({ key, nearest }) => `unknown key "${key}"${nearest ? `: did you mean "${nearest}"?` : ''}`,
  'config.required': () => 'missing: this has to be there',
  'config.expected': ({ expected }) => `this should be ${noun.en[expected as Kind] ?? expected}`,
  'config.quoted': () => 'write this in quotes, so that it is read as text and keeps every digit',
  'config.atLeastCharacters': ({ minimum }, f) =>
    `too short: at least ${f.number(Number(minimum))} ${f.plural(Number(minimum), 'character', 'characters')}`,
  'config.atMostCharacters': ({ maximum }, f) =>
    `too long: at most ${f.number(Number(maximum))} ${f.plural(Number(maximum), 'character', 'characters')}`,
  'config.atLeastItems': ({ minimum }, f) =>
    `at least ${f.number(Number(minimum))} ${f.plural(Number(minimum), 'entry is', 'entries are')} needed here`,
  'config.atMostItems': ({ maximum }, f) =>
    `at most ${f.number(Number(maximum))} ${f.plural(Number(maximum), 'entry is', 'entries are')} allowed here`,
  'config.atLeast': ({ minimum }, f) => `too small: at least ${f.number(Number(minimum))}`,
  'config.atMost': ({ maximum }, f) => `too large: at most ${f.number(Number(maximum))}`,
  'config.oneOf': ({ options }) => `this has to be one of: ${options}`,
  'config.url': () => 'not an address: write it whole, such as https://example.org/page',
  'config.email': () => 'not an e-mail address: write it whole, such as press@example.org',
  'config.format': ({ format }) => `this is not written as it should be (${format})`,
  'config.invalid': () => 'this value cannot be used here',
  'config.duration': () => 'not a duration: write a number and a unit, such as 90s, 5m, 12h or 7d',
  'config.id': ({ value }) => `"${value}" cannot be used as a name here: only the letters a-z, digits and -`,
  'config.language': ({ value }) => `"${value}" is not a language code: write two letters, such as fr or en`,
  'config.uiLanguage': () => 'Vigie speaks French and English: write fr or en',
  'config.timezone': ({ value }) => `"${value}" is not a time zone: write one such as Europe/Paris or UTC`,
  'config.smtp': () => 'not a mail server: write smtp://host:port or smtps://host:port (best as env:NAME)',
  'config.http': () => 'this address has to begin with http:// or https://',
  'config.elasticsearchNeedsUrl': () => 'Elasticsearch needs its address: write url: https://search.example.org:9200',
  'config.onlyElasticsearch': () => 'this belongs to type: elasticsearch',
  'config.oneOfKeyAndUser': () => 'either a key (api_key) or a user with a password, not both',
  'config.noPassword': () => 'this user has no password: write password: env:NAME',
  'config.noUser': () => 'this password belongs to nobody: write username as well',
  'config.retention': () => 'too short: at least 1d; whole months are dropped once they are older',
  'config.redisUrl': () =>
    'not an address of Redis: write redis://host:port, redis+sentinel://host:port,host:port/primary or redis+cluster://host:port,host:port (best as env:NAME)',
  'config.redisNeedsUrl': () => 'Redis needs its address: write url: env:NAME',
  'config.onlyRedis': () => 'this belongs to type: redis',
  'config.splitRoles': ({ roles }) =>
    `roles can be split between processes only where these share a log and a store: ${roles} alone needs bus: { type: redis } and store: { type: elasticsearch }. Leave --roles out to run everything in one process.`,
  'config.unknownRole': ({ role, known }) => `there is no role "${role}": write some of ${known}, with commas`,
  'config.certificate': () =>
    'this is no certificate: write ca: file:path, where the file begins with -----BEGIN CERTIFICATE-----',
  'config.prefix': () => 'at most 32 of the letters a-z, digits and -',
  'config.lease': () => 'between 1s and 5m',
  'config.oneLine': () => 'this has to fit on one line',
  'config.duplicateBrand': ({ id }) => `the brand "${id}" is there twice: ids of brands are unique`,
  'config.duplicateSource': ({ id }) => `the source "${id}" is there twice: names of sources are unique`,
  'config.duplicateReceiver': ({ id }) => `the receiver "${id}" is there twice: names of receivers are unique`,
  'config.unknownBrand': ({ id, nearest }) =>
    `there is no brand "${id}"${nearest ? `: did you mean "${nearest}"?` : ''}`,
  'config.ownCompetitor': ({ id }) => `"${id}" cannot be a competitor of itself`,
  'config.otherClient': ({ id, client }) =>
    `"${id}" belongs to another client ("${client}"): brands are compared within one client`,
  'config.unknownReceiver': ({ name, nearest }) =>
    `there is no receiver "${name}"${nearest ? `: did you mean "${nearest}"?` : ''}`,
  'config.noReceivers': ({ name }) => `there is no receiver "${name}": name it under "receivers"`,
  'config.noChannel': ({ known }) => `this receiver has no way to be told: give it at least one of ${known}`,
  'config.noType': ({ known }) => `a type is missing: one of ${known}`,
  'config.unknownType': ({ type, known, nearest }) =>
    `unknown type "${type}"${nearest ? `: did you mean "${nearest}"?` : '.'} There is: ${known}`,
  'config.notYet': ({ value, known }) => `"${value}" is not available in this version of Vigie. There is: ${known}`,
  'config.secretPlain': ({ key }) =>
    `a secret does not belong in this file: write ${key}: env:NAME (a variable of the environment) or ${key}: file:path`,
  'config.secretUrl': () =>
    'this address holds a password, which does not belong in this file: write env:NAME (a variable of the environment) or file:path',
  'config.secretMissing': ({ name }) => `the variable ${name} is not set in the environment`,
  'config.secretEmpty': ({ name }) => `${name} is empty`,
  'config.secretFile': ({ path, why }) => `the file ${path} cannot be read (${why})`,
  'config.secretName': ({ value }) => `"${value}" names no secret: write env:NAME or file:path`,
  'config.folder': ({ path }) => `there is no folder ${path}`,
  'config.unreadable': ({ why }) => `this file cannot be read (${why})`,
  'config.tooLong': ({ limit }, f) => `this file is too long: at most ${f.number(Number(limit))} MB`,
  'config.syntax.DUPLICATE_KEY': () => 'this key is there twice',
  'config.syntax.TAB_AS_INDENT': () => 'indent with spaces, not with tabs',
  'config.syntax.BAD_INDENT': () =>
    'the indentation is wrong here: lines that belong together begin in the same column',
  'config.syntax.MISSING_CHAR': () =>
    'a character is missing before this point: often a closing quote, a comma, a bracket or the space after a colon',
  'config.syntax.UNEXPECTED_TOKEN': () => 'this is not expected here: a quote, a bracket or a colon may be too many',
  'config.syntax.ALIASES': () => 'this file refers to itself (&, *) far too often',
  'config.syntax.other': ({ message }) => `this is not valid YAML: ${message}`,
};

const fr: Readonly<Record<string, Sentence>> = {
  'config.unknownKey': ({ key, nearest }) =>
    `clé inconnue « ${key} »${nearest ? ` : vouliez-vous dire « ${nearest} » ?` : ''}`,
  'config.required': () => 'manquant : cet élément est obligatoire',
  'config.expected': ({ expected }) => `il faut ici ${noun.fr[expected as Kind] ?? expected}`,
  'config.quoted': () => 'à écrire entre guillemets, pour être lu comme du texte et garder tous ses chiffres',
  'config.atLeastCharacters': ({ minimum }, f) =>
    `trop court : au moins ${f.number(Number(minimum))} ${f.plural(Number(minimum), 'caractère', 'caractères')}`,
  'config.atMostCharacters': ({ maximum }, f) =>
    `trop long : au plus ${f.number(Number(maximum))} ${f.plural(Number(maximum), 'caractère', 'caractères')}`,
  'config.atLeastItems': ({ minimum }, f) =>
    `il faut ici au moins ${f.number(Number(minimum))} ${f.plural(Number(minimum), 'élément', 'éléments')}`,
  'config.atMostItems': ({ maximum }, f) =>
    `au plus ${f.number(Number(maximum))} ${f.plural(Number(maximum), 'élément est admis', 'éléments sont admis')} ici`,
  'config.atLeast': ({ minimum }, f) => `trop petit : au moins ${f.number(Number(minimum))}`,
  'config.atMost': ({ maximum }, f) => `trop grand : au plus ${f.number(Number(maximum))}`,
  'config.oneOf': ({ options }) => `valeurs possibles : ${options}`,
  'config.url': () => 'ce n’est pas une adresse : écrivez-la en entier, par exemple https://example.org/page',
  'config.email': () => 'ce n’est pas une adresse électronique : écrivez-la en entier, par exemple presse@example.org',
  'config.format': ({ format }) => `ce n’est pas écrit comme il faut (${format})`,
  'config.invalid': () => 'cette valeur ne convient pas ici',
  'config.duration': () =>
    'ce n’est pas une durée : écrivez un nombre et une unité, par exemple 90s, 5m, 12h ou 7d (d pour les jours)',
  'config.id': ({ value }) =>
    `« ${value} » ne peut pas servir de nom ici : seulement les lettres a-z, des chiffres et le tiret`,
  'config.language': ({ value }) =>
    `« ${value} » n’est pas un code de langue : écrivez deux lettres, par exemple fr ou en`,
  'config.uiLanguage': () => 'Vigie parle français et anglais : écrivez fr ou en',
  'config.timezone': ({ value }) =>
    `« ${value} » n’est pas un fuseau horaire : écrivez par exemple Europe/Paris ou UTC`,
  'config.smtp': () =>
    'ce n’est pas un serveur de messagerie : écrivez smtp://hôte:port ou smtps://hôte:port (de préférence par env:NOM)',
  'config.http': () => 'cette adresse doit commencer par http:// ou https://',
  'config.elasticsearchNeedsUrl': () =>
    'il manque l’adresse d’Elasticsearch : écrivez url: https://recherche.example.org:9200',
  'config.onlyElasticsearch': () => 'cela ne vaut que pour type: elasticsearch',
  'config.oneOfKeyAndUser': () => 'une clé (api_key) ou un utilisateur avec son mot de passe, pas les deux',
  'config.noPassword': () => 'cet utilisateur n’a pas de mot de passe : écrivez password: env:NOM',
  'config.noUser': () => 'ce mot de passe n’est à personne : écrivez aussi username',
  'config.retention': () => 'trop court : au moins 1d ; les mois entiers sont supprimés dès qu’ils sont plus anciens',
  'config.redisUrl': () =>
    'ce n’est pas une adresse de Redis : écrivez redis://hôte:port, redis+sentinel://hôte:port,hôte:port/primaire ou redis+cluster://hôte:port,hôte:port (de préférence par env:NOM)',
  'config.redisNeedsUrl': () => 'il manque l’adresse de Redis : écrivez url: env:NOM',
  'config.onlyRedis': () => 'cela ne vaut que pour type: redis',
  'config.splitRoles': ({ roles }) =>
    `les rôles ne se répartissent entre plusieurs processus que s’ils partagent un journal et un stockage : ${roles} seul demande bus: { type: redis } et store: { type: elasticsearch }. Sans --roles, tout tourne dans un seul processus.`,
  'config.unknownRole': ({ role, known }) =>
    `il n’y a pas de rôle « ${role} » : écrivez-en un ou plusieurs parmi ${known}, séparés par des virgules`,
  'config.certificate': () =>
    'ce n’est pas un certificat : écrivez ca: file:chemin, où le fichier commence par -----BEGIN CERTIFICATE-----',
  'config.prefix': () => 'au plus 32 caractères parmi les lettres a-z, les chiffres et -',
  'config.lease': () => 'entre 1s et 5m',
  'config.oneLine': () => 'cela doit tenir sur une seule ligne',
  'config.duplicateBrand': ({ id }) => `la marque « ${id} » figure deux fois : l’identifiant d’une marque est unique`,
  'config.duplicateSource': ({ id }) => `la source « ${id} » figure deux fois : le nom d’une source est unique`,
  'config.duplicateReceiver': ({ id }) =>
    `le destinataire « ${id} » figure deux fois : le nom d’un destinataire est unique`,
  'config.unknownBrand': ({ id, nearest }) =>
    `il n’y a pas de marque « ${id} »${nearest ? ` : vouliez-vous dire « ${nearest} » ?` : ''}`,
  'config.ownCompetitor': ({ id }) => `« ${id} » ne peut pas être sa propre concurrente`,
  'config.otherClient': ({ id, client }) =>
    `« ${id} » appartient à un autre client (« ${client} ») : les marques se comparent au sein d’un même client`,
  'config.unknownReceiver': ({ name, nearest }) =>
    `il n’y a pas de destinataire « ${name} »${nearest ? ` : vouliez-vous dire « ${nearest} » ?` : ''}`,
  'config.noReceivers': ({ name }) => `il n’y a pas de destinataire « ${name} » : déclarez-le sous « receivers »`,
  'config.noChannel': ({ known }) =>
    `rien ne dit comment prévenir ce destinataire : donnez-lui au moins un moyen parmi ${known}`,
  'config.noType': ({ known }) => `il manque un type, parmi ${known}`,
  'config.unknownType': ({ type, known, nearest }) =>
    `type inconnu « ${type} »${nearest ? ` : vouliez-vous dire « ${nearest} » ?` : '.'} Types possibles : ${known}`,
  'config.notYet': ({ value, known }) =>
    `« ${value} » n’existe pas dans cette version de Vigie. Valeurs possibles : ${known}`,
  'config.secretPlain': ({ key }) =>
    `un secret n’a pas sa place dans ce fichier : écrivez ${key}: env:NOM (une variable d’environnement) ou ${key}: file:chemin`,
  'config.secretUrl': () =>
    'cette adresse contient un mot de passe, qui n’a pas sa place dans ce fichier : écrivez env:NOM (une variable d’environnement) ou file:chemin',
  'config.secretMissing': ({ name }) => `la variable d’environnement ${name} n’est pas définie`,
  'config.secretEmpty': ({ name }) => `${name} est vide`,
  'config.secretFile': ({ path, why }) => `le fichier ${path} ne peut pas être lu (${why})`,
  'config.secretName': ({ value }) => `« ${value} » ne désigne aucun secret : écrivez env:NOM ou file:chemin`,
  'config.folder': ({ path }) => `le dossier ${path} n’existe pas`,
  'config.unreadable': ({ why }) => `ce fichier ne peut pas être lu (${why})`,
  'config.tooLong': ({ limit }, f) => `ce fichier est trop long : ${f.number(Number(limit))} Mo au plus`,
  'config.syntax.DUPLICATE_KEY': () => 'cette clé figure deux fois',
  'config.syntax.TAB_AS_INDENT': () => 'décalez les lignes avec des espaces, pas avec des tabulations',
  'config.syntax.BAD_INDENT': () =>
    'le décalage de cette ligne est faux : les lignes qui vont ensemble commencent dans la même colonne',
  'config.syntax.MISSING_CHAR': () =>
    'il manque un caractère avant ce point : souvent un guillemet fermant, une virgule, un crochet ou l’espace après les deux-points',
  'config.syntax.UNEXPECTED_TOKEN': () =>
    'ceci n’est pas attendu ici : peut-être un guillemet, un crochet ou un deux-points de trop',
  'config.syntax.ALIASES': () => 'ce fichier se cite lui-même (&, *) beaucoup trop souvent',
  'config.syntax.other': ({ message }) => `ce n’est pas du YAML correct : ${message}`,
};

type Kind = 'string' | 'number' | 'int' | 'boolean' | 'array' | 'object' | 'record';

const noun: Readonly<Record<'fr' | 'en', Readonly<Record<Kind, string>>>> = {
  en: {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a block of "key: value" lines',
    record: 'a block of "key: value" lines',
  },
  fr: {
    string: 'du texte',
    number: 'un nombre',
    int: 'un nombre entier',
    boolean: 'true (oui) ou false (non)',
    array: 'une liste',
    object: 'un bloc de lignes « clé: valeur »',
    record: 'un bloc de lignes « clé: valeur »',
  },
};

export const config: Dictionary = { fr, en };
