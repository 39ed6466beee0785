/** What the people of the demonstration write: every sentence is invented, and so are the brands and the papers. */
export interface Phrase {
  readonly text: string;
  readonly title?: string;
  readonly lang?: string;
  readonly source?: string;
  readonly rating?: number;
  /** A paper or magazine, in place of a person. */
  readonly medium?: string;
  /** How many times more followers than most. */
  readonly reach?: number;
}

const fr = (...texts: string[]): Phrase[] => texts.map((text) => ({ text }));
const en = (...texts: string[]): Phrase[] => texts.map((text) => ({ text, lang: 'en' }));

export const phrases = {
  neutral: [
    ...fr(
      'Quelqu’un sait où trouver le {b} {t} à {v} ?',
      '{b} {t} ou {t} pour un tiramisu, vous prendriez lequel ?',
      'Courses faites : pain, {b}, café, lessive.',
      'Le {b} {t} existe en lot de {n} chez mon épicier.',
      'Nouveau pot {b} {t} vu en rayon à {v}.',
      'Il reste {n} pots de {b} dans le frigo du bureau, servez-vous.',
      'Recette du jour : gâteau au yaourt avec un {b} {t}.',
      'On compare {b} et sa version sans sucre dans l’émission de ce soir.',
      'La laiterie {b} recrute à {v}, poste en horaires décalés.',
    ),
    ...en(
      'Does anybody ship {b} outside France?',
      'Trying the {b} {t} yogurt everyone in {v} talks about.',
      'Which {b} flavour goes with granola?',
    ),
  ],
  positive: [
    ...fr(
      'Le {b} {t}, un vrai bonheur, merci !',
      'J’adore le nouveau {b} {t}, délicieux et pas trop sucré.',
      'Meilleur yaourt du rayon : {b} {t}, sans hésiter.',
      'Bravo {b} pour les pots en verre, excellente idée.',
      'Super accueil à la boutique {b} de {v}, équipe adorable.',
      'Mes enfants réclament du {b} {t} tous les soirs, quel succès.',
    ),
    ...en(
      'The {b} {t} yogurt is lovely, best I have had in France.',
      'Great breakfast in {v}: fresh bread and {b}. Perfect.',
    ),
  ],
  negative: [
    ...fr(
      'Déçue par le {b} {t}, trop sucré à mon goût.',
      'Encore une rupture de {b} à {v}, c’est pénible.',
      'Le prix du {b} a encore augmenté, c’est abusé.',
      'Opercule du {b} impossible à ouvrir, mauvaise conception.',
      'Le {b} {t} a changé de recette et c’est raté.',
    ),
    ...en('The new {b} lid is terrible, spilled it again.', 'Sad to see {b} {t} gone from the shop.'),
  ],
  review: [
    { text: 'Bon produit, livraison correcte.', rating: 4, source: 'reviews', title: '{b}' },
    { text: 'Onctueux, toute la famille aime.', rating: 5, source: 'reviews', title: '{b} {t}' },
    { text: 'Correct sans plus, un peu cher.', rating: 3, source: 'reviews', title: '{b}' },
    { text: 'Pot arrivé fendu, service client injoignable.', rating: 2, source: 'reviews', title: '{b} {t}' },
  ],
  press: [
    {
      title: '{b} ouvre une ligne de pots en verre',
      text: 'La laiterie {b} investit dans son site de {v}.',
      source: 'press',
      medium: 'Le Courrier de la Loire (fictif)',
      reach: 60,
    },
    {
      title: 'Produits laitiers : les chiffres de l’année',
      text: '{b} publie ses chiffres du premier semestre.',
      source: 'press',
      medium: 'Rayons & Marchés (fictif)',
      reach: 20,
    },
  ],
  own: fr('Découvrez notre recette {t}. L’équipe {b}', 'Portes ouvertes à la laiterie {b} de {v} samedi.'),
  contest: fr(
    'Je participe au jeu {b}, une année de yaourts à gagner !',
    'Concours {b} : je tente ma chance, bonne chance à tous !',
    'Merci {b} pour ce jeu, j’invite trois amis.',
    'Une année de {b} à gagner ? Je joue !',
  ),
  crisis: fr(
    'Des morceaux de plastique dans un yaourt pour enfants… {b}, c’est une honte.',
    'Regardez la vidéo : du plastique coupant dans un P’tit Solen de {b}. Scandaleux.',
    'Lot P’tit Solen {t} ouvert ce matin à {v}, même plastique. {b} ne répond pas. C’est scandaleux.',
    'Ma fille de {n} ans a failli avaler un bout de plastique du {b}. Je suis furieuse.',
    '{b} silence radio depuis ce matin, pendant que des enfants se blessent. Lamentable.',
    'On jette tous les {b} de la maison. Dangereux, dégoûtant. #boycottSolenval',
    'Pourquoi les P’tit Solen sont encore en rayon à {v} ? {b}, rappelez ce lot, c’est grave.',
    '#boycottSolenval tant qu’il n’y a pas de rappel. Du plastique dans un yaourt, quelle horreur.',
    'J’ai appelé le service client {b} : {n} fois, personne. Honteux.',
    'Du plastique dans le yaourt des petits et zéro excuse de {b}. Écœurant.',
  ),
  crisisForum: fr(
    'Bonjour, quelqu’un a le numéro de lot des P’tit Solen concernés ? Mon fils en mange tous les jours, je suis inquiète. Marque {b}.',
    'J’ai retrouvé un éclat de plastique dans un {b} {t} acheté à {v}. Photo jointe. C’est très dangereux.',
    'Vous comptez porter plainte contre {b} ? Nous oui, la blessure est réelle.',
    'Le magasin de {v} dit ne rien savoir, {b} non plus. Incompétence totale.',
  ),
  crisisReview: [
    { text: 'Plastique dans le pot. Dangereux pour les enfants, à fuir.', rating: 1, title: '{b} P’tit Solen' },
    { text: 'Aucune réponse du service client après une blessure. Honteux.', rating: 1, title: '{b}' },
    { text: 'Plus jamais. Le lot n’est même pas rappelé.', rating: 1, title: '{b} {t}' },
  ] as Phrase[],
  crisisPress: [
    {
      title: 'Du plastique dans des yaourts pour enfants : des parents accusent {b}',
      text: 'Plusieurs familles dénoncent la présence de plastique dangereux dans des pots P’tit Solen de {b}.',
      medium: 'Le Courrier de la Loire (fictif)',
      reach: 80,
    },
    {
      title: '{b} : une enfant blessée, la marque ne répond pas',
      text: 'La colère monte après une vidéo vue des milliers de fois. {b} n’a pas réagi.',
      medium: 'Matin Ouest (fictif)',
      reach: 120,
    },
    {
      title: 'Rappel réclamé pour les P’tit Solen',
      text: 'Une association de consommateurs demande à {b} de retirer un lot dangereux.',
      medium: 'Conso Alerte (fictif)',
      reach: 70,
    },
  ],
  crisisEnglish: en(
    'Plastic shards in {b} kids yogurt and the company says nothing. This is awful.',
    'French parents are furious: sharp plastic found in {b} yogurts. Awful.',
    'A child got hurt by plastic in a {b} yogurt. Shame on them. #boycottSolenval',
    'Still no recall from {b}? That is dangerous and irresponsible.',
  ),
  answer: fr(
    'Nous avons connaissance de signalements sur un lot P’tit Solen. Par précaution il est retiré de la vente. Contactez-nous en message privé. L’équipe {b}',
  ),
} satisfies Record<string, readonly Phrase[]>;
