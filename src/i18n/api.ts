/** What the HTTP interface answers when it cannot do what was asked. */
import type { Dictionary, Sentence } from './language.ts';

const en: Readonly<Record<string, Sentence>> = {
  'api.remote': () =>
    'Until accounts exist, Vigie answers only to the computer it runs on. Open it there, at http://127.0.0.1.',
  'api.proxy': () =>
    'This request came through a proxy. Until accounts exist, Vigie answers only to the computer it runs on, directly.',
  'api.host': () => 'This address does not lead here: open Vigie as http://127.0.0.1 or http://localhost.',
  'api.origin': () => 'Another website tried to reach Vigie through your browser; that is refused.',
  'api.listen': ({ host }) =>
    `Vigie does not listen on ${host}: there are no accounts yet, so everybody on that network could read everything. Use 127.0.0.1.`,
  'api.notFound': () => 'There is nothing here, or it is not yours to see.',
  'api.noClient': ({ client }) => `There is no client "${client}".`,
  'api.badRequest': () => 'The request cannot be understood.',
  'api.badCursor': () => 'This place in the list is not one that was given out here: begin again without "after".',
  'api.badQuery': () => 'The query cannot be read.',
  'api.badPeriod': () => 'The period ends before it begins.',
  'api.tooManyBuckets': ({ most }, f) =>
    `That is more than ${f.number(Number(most))} points: choose a shorter period or a longer bucket.`,
  'api.conflict': () => 'Somebody changed this in the meantime: load it again, then decide again.',
  'api.tooSlow': () => 'This took too long and was stopped. Choose a shorter period, or try again in a moment.',
  'api.tooLarge': () => 'The message is too large.',
  'api.mediaType': () => 'The body has to be JSON (Content-Type: application/json).',
  'api.tooMany': () => 'Too many requests in a short time. Wait a moment.',
  'api.full': () => 'Vigie is busy taking in earlier posts. Try again in a moment.',
  'api.unknownHook': ({ name }) => `No source named "${name}" waits for posts here.`,
  'api.internal': ({ id }) => `Something went wrong here. The log says more, under ${id}.`,
  'api.stopping': () => 'Vigie is stopping.',
  'api.upgrade': () => 'This address speaks WebSocket.',
  'api.signIn': () => 'Sign in first: open the link that Vigie printed in the terminal where it was started.',
  'api.token': () => 'This change did not come from Vigie’s own page. Load the page again, then try once more.',
  'api.noPage': () => 'The page has not been built yet. In the folder of Vigie, run: npm run build:page',
};

const fr: Readonly<Record<string, Sentence>> = {
  'api.remote': () =>
    'Tant qu’il n’y a pas de comptes, Vigie ne répond qu’à l’ordinateur sur lequel elle tourne. Ouvrez-la sur place, à l’adresse http://127.0.0.1.',
  'api.proxy': () =>
    'Cette demande est passée par un serveur mandataire. Tant qu’il n’y a pas de comptes, Vigie ne répond qu’à l’ordinateur sur lequel elle tourne, sans intermédiaire.',
  'api.host': () => 'Cette adresse ne mène pas ici : ouvrez Vigie à l’adresse http://127.0.0.1 ou http://localhost.',
  'api.origin': () => 'Un autre site a tenté de joindre Vigie par votre navigateur ; c’est refusé.',
  'api.listen': ({ host }) =>
    `Vigie n’écoute pas sur ${host} : il n’y a pas encore de comptes, et tout ce réseau pourrait tout lire. Utilisez 127.0.0.1.`,
  'api.notFound': () => 'Il n’y a rien ici, ou vous n’y avez pas accès.',
  'api.noClient': ({ client }) => `Il n’y a pas de client « ${client} ».`,
  'api.badRequest': () => 'La demande est incompréhensible.',
  'api.badCursor': () => 'Cette position dans la liste n’a pas été donnée ici : recommencez sans « after ».',
  'api.badQuery': () => 'La requête est illisible.',
  'api.badPeriod': () => 'La période se termine avant de commencer.',
  'api.tooManyBuckets': ({ most }, f) =>
    `Cela fait plus de ${f.number(Number(most))} points : choisissez une période plus courte ou un pas plus long.`,
  'api.conflict': () => 'Quelqu’un d’autre vient de modifier cet élément : rechargez-le, puis décidez à nouveau.',
  'api.tooSlow': () =>
    'La réponse se faisait trop attendre, la recherche a été arrêtée. Choisissez une période plus courte, ou réessayez dans un instant.',
  'api.tooLarge': () => 'Le message est trop volumineux.',
  'api.mediaType': () => 'Le corps doit être du JSON (Content-Type: application/json).',
  'api.tooMany': () => 'Trop de demandes en peu de temps. Patientez un instant.',
  'api.full': () => 'Vigie est occupée à recevoir des messages plus anciens. Réessayez dans un instant.',
  'api.unknownHook': ({ name }) => `Aucune source nommée « ${name} » n’attend de messages ici.`,
  'api.internal': ({ id }) => `Une erreur s’est produite ici. Le journal en dit plus, sous la référence ${id}.`,
  'api.stopping': () => 'Vigie est en train de s’arrêter.',
  'api.upgrade': () => 'Cette adresse parle WebSocket.',
  'api.signIn': () =>
    'Ouvrez d’abord une session : suivez le lien que Vigie a imprimé dans le terminal où elle a démarré.',
  'api.token': () => 'Cette modification ne vient pas de la page de Vigie. Rechargez la page, puis réessayez.',
  'api.noPage': () => 'La page n’est pas encore construite. Dans le dossier de Vigie, lancez : npm run build:page',
};

export const api: Dictionary = { fr, en };
