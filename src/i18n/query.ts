/** What is said of a query that a person wrote: what is wrong, and what to write instead. */
import type { Dictionary } from './language.ts';

export const query: Dictionary = {
  fr: {
    'query.empty': () => 'La requête est vide : écrivez au moins un mot, par exemple acme.',
    'query.tooLong': ({ max }, f) =>
      `La requête est trop longue : ${f.number(Number(max))} caractères au plus. Répartissez-la en plusieurs requêtes.`,
    'query.tooDeep': ({ max }, f) =>
      `Trop de parenthèses les unes dans les autres : ${f.number(Number(max))} niveaux au plus.`,
    'query.openQuote': () =>
      'Ce guillemet n’est pas refermé : ajoutez un " après le dernier mot de l’expression, par exemple "service client".',
    'query.openParenthesis': () => 'Cette parenthèse n’est pas refermée : ajoutez ) à la fin du groupe.',
    'query.closeParenthesis': () =>
      'Cette parenthèse ferme un groupe qui n’a pas été ouvert : ajoutez ( avant, ou retirez-la.',
    'query.emptyGroup': () => 'Ces parenthèses ne contiennent rien : écrivez un mot entre elles, ou retirez-les.',
    'query.emptyPhrase': () => 'Ces guillemets ne contiennent aucun mot : écrivez-y une expression, ou retirez-les.',
    'query.frenchOperator': ({ found, write }) =>
      `Les opérateurs s’écrivent en anglais : remplacez ${found} par ${write}. Pour chercher le mot lui-même, écrivez-le en minuscules ou entre guillemets.`,
    'query.missingOperand': ({ operator }) =>
      `Il manque un mot à côté de ${operator} : écrivez par exemple acme ${operator} panne.`,
    'query.missingAfterNot': ({ operator }) =>
      `Il manque ce qu’il faut exclure après ${operator} : écrivez par exemple NOT football.`,
    'query.unknownField': ({ field, near }) =>
      `Le champ « ${field}: » n’existe pas${near ? ` : vouliez-vous écrire ${near}: ?` : '.'} Pour chercher ces mots tels quels, mettez-les entre guillemets.`,
    'query.address': () =>
      'Une adresse se cherche avec url: (celle de la publication) ou links: (celles qu’elle cite), par exemple links:example.org/page.',
    'query.missingValue': ({ field }) =>
      `Il manque une valeur après ${field}: ; écrivez-la sans espace, par exemple ${field}:valeur.`,
    'query.badValue': ({ field, found, allowed }) => `« ${found} » ne convient pas à ${field}: ; écrivez ${allowed}.`,
    'query.badNumber': ({ field, found }) =>
      `« ${found} » n’est pas un nombre : écrivez par exemple ${field}:>=3 ou ${field}:1..2.`,
    'query.fieldGroup': ({ field }) =>
      `Seules des valeurs reliées par OR peuvent suivre ${field}: entre parenthèses, par exemple ${field}:(a OR b).`,
    'query.shortWildcard': ({ min }) =>
      `Il faut au moins ${min} lettres avant * : sinon presque tous les mots conviendraient. Écrivez par exemple acm*.`,
    'query.innerWildcard': () => 'L’astérisque ne vaut qu’à la fin d’un mot ; pour un seul caractère, écrivez ?.',
    'query.loneWildcard': () =>
      'Un ? remplace un caractère d’un mot : écrivez au moins une lettre avec lui, par exemple gr?ve.',
    'query.noWord': ({ found }) =>
      `« ${found} » ne contient ni lettre ni chiffre à chercher : retirez-le, ou écrivez raw:"${found}".`,
    'query.badDistance': ({ operator, max }) =>
      `La distance se compte en mots, de 0 à ${max} : écrivez par exemple ${operator}5.`,
    'query.nearOperand': ({ operator }) =>
      `${operator} relie des mots, des expressions ou des groupes de mots entre parenthèses, jamais des champs : écrivez le champ à part, avec AND.`,
    'query.nearPairs': ({ operator }) =>
      `Les groupes des deux côtés de ${operator} sont trop grands pour contenir AND ou NOT : n’y gardez que OR, ou écrivez plusieurs lignes.`,
    'query.longPhrase': ({ max }) =>
      `Une expression compte ${max} mots au plus : raccourcissez-la, ou reliez ses parties par AND.`,
    'query.onlyNot': () =>
      'Cette requête ne fait qu’exclure : elle retient presque tout. Ajoutez ce que vous cherchez, par exemple acme NOT football.',
    'query.flood': ({ word }) =>
      `« ${word} » est un mot si courant qu’il va tout submerger : ajoutez un mot qui précise, par exemple ${word} AND panne.`,
    'query.homonym': ({ word }) =>
      `« ${word} » est aussi un mot de tous les jours : précisez le sens, par exemple ${word} AND (client OR réseau OR facture), ou @${word}.`,
    'query.neverTrue': ({ clause }) =>
      `Cette partie ne peut jamais être vraie : ${clause} est à la fois exigé et exclu. Retirez l’un des deux.`,
    'query.file.line': () =>
      'Chaque ligne est un identifiant, une tabulation, puis la requête, par exemple acme⇥acme OR #acme.',
    'query.file.twice': ({ id }) =>
      `L’identifiant « ${id} » est déjà pris plus haut : donnez-en un autre à cette requête.`,
    'query.file.empty': () =>
      'Ce fichier ne contient aucune requête : écrivez sur chaque ligne un identifiant, une tabulation, puis la requête.',
    'query.clause.missing': ({ clause }) => `il manque : ${clause}`,
    'query.clause.excluded': ({ clause }) => `exclu par : ${clause}`,
  },
  en: {
    'query.empty': () => 'The query is empty: write at least one word, for example acme.',
    'query.tooLong': ({ max }, f) =>
      `The query is too long: ${f.number(Number(max))} characters at most. Split it into several queries.`,
    'query.tooDeep': ({ max }, f) =>
      `Too many parentheses inside one another: ${f.number(Number(max))} levels at most.`,
    'query.openQuote': () =>
      'This quotation mark is not closed: add a " after the last word of the phrase, for example "customer service".',
    'query.openParenthesis': () => 'This parenthesis is not closed: add ) at the end of the group.',
    'query.closeParenthesis': () =>
      'This parenthesis closes a group that was not opened: add ( before it, or remove it.',
    'query.emptyGroup': () => 'There is nothing between these parentheses: write a word between them, or remove them.',
    'query.emptyPhrase': () => 'There is no word between these quotation marks: write a phrase, or remove them.',
    'query.frenchOperator': ({ found, write }) =>
      `Operators are written in English: replace ${found} by ${write}. To search for the word itself, write it in lower case or in quotation marks.`,
    'query.missingOperand': ({ operator }) =>
      `A word is missing beside ${operator}: write for example acme ${operator} outage.`,
    'query.missingAfterNot': ({ operator }) =>
      `What to exclude is missing after ${operator}: write for example NOT football.`,
    'query.unknownField': ({ field, near }) =>
      `There is no field "${field}:"${near ? `: did you mean ${near}:?` : '.'} To search for these very words, put them in quotation marks.`,
    'query.address': () =>
      'Addresses are searched with url: (the post’s own) or links: (those it cites), for example links:example.org/page.',
    'query.missingValue': ({ field }) =>
      `A value is missing after ${field}: write it without a space, for example ${field}:value.`,
    'query.badValue': ({ field, found, allowed }) => `"${found}" does not suit ${field}: write ${allowed}.`,
    'query.badNumber': ({ field, found }) =>
      `"${found}" is not a number: write for example ${field}:>=3 or ${field}:1..2.`,
    'query.fieldGroup': ({ field }) =>
      `Only values joined by OR may follow ${field}: in parentheses, for example ${field}:(a OR b).`,
    'query.shortWildcard': ({ min }) =>
      `At least ${min} letters are needed before *: otherwise nearly every word would do. Write for example acm*.`,
    'query.innerWildcard': () => 'The asterisk works at the end of a word only; for a single character, write ?.',
    'query.loneWildcard': () =>
      'A ? stands for one character of a word: write at least one letter with it, for example gr?y.',
    'query.noWord': ({ found }) =>
      `"${found}" holds no letter or digit to search for: remove it, or write raw:"${found}".`,
    'query.badDistance': ({ operator, max }) =>
      `Distance is counted in words, from 0 to ${max}: write for example ${operator}5.`,
    'query.nearOperand': ({ operator }) =>
      `${operator} joins words, phrases or groups of words in parentheses, never fields: write the field apart, with AND.`,
    'query.nearPairs': ({ operator }) =>
      `The groups on both sides of ${operator} are too large for AND or NOT in them: use OR alone in them, or write several lines.`,
    'query.longPhrase': ({ max }) => `A phrase is at most ${max} words long: shorten it, or join its parts by AND.`,
    'query.onlyNot': () =>
      'This query only excludes: it keeps nearly everything. Add what you look for, for example acme NOT football.',
    'query.flood': ({ word }) =>
      `"${word}" is so common a word that it will flood you: add a word that narrows it, for example ${word} AND outage.`,
    'query.homonym': ({ word }) =>
      `"${word}" is also an everyday word: say which one you mean, for example ${word} AND (customer OR network OR bill), or @${word}.`,
    'query.neverTrue': ({ clause }) =>
      `This part can never be true: ${clause} is both required and excluded. Remove one of the two.`,
    'query.file.line': () => 'Each line is an id, a tab, then the query, for example acme⇥acme OR #acme.',
    'query.file.twice': ({ id }) => `The id "${id}" is taken above: give this query another one.`,
    'query.file.empty': () => 'There is no query in this file: write an id, a tab and the query on each line.',
    'query.clause.missing': ({ clause }) => `missing: ${clause}`,
    'query.clause.excluded': ({ clause }) => `excluded by: ${clause}`,
  },
};
