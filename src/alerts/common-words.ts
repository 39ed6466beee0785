/** Words that say nothing of a crisis: small words of French and English, folded as terms are. */
const COMMON = new Set(
  `a ai aie ait alors apres au aucun aussi autre aux avait avant avec avez avoir avons bien c ca car ce cela ces cet cette chez
comme comment contre d dans de deja depuis des deux dire dit donc dont du elle elles en encore entre est et etait etes etre eu
eux fait faire faut fois font ici il ils j jamais je jusque l la le les leur leurs lui m ma mais me meme mes moi moins mon n ne ni
nos notre nous on ont ou oui par parce pas peu peut plus pour pourquoi qu quand que quel quelle quelque qui quoi rien s sa sans se
ses si soit son sont sous suis sur t ta tant te tes toi ton toujours tous tout toute toutes tres trop tu un une va vers veut vient
voir vos votre vous vraiment y
about after again all am an and any are as at be been before being but by can could did do does doing don down for from get go got
had has have he her here hers him his how i if in into is it its just like me more most my no nor not now of off on once one only
or other our out over own same she should so some such than that the their them then there these they this those through to too
under until up very was we were what when where which while who why will with would you your rt via amp http https www com`.split(
    /\s+/,
  ),
);

/** True for a term worth showing beside a brand: no small word, no number alone, not a part of the brand's own name. */
export function isTelling(term: string, brandName: string): boolean {
  const own = brandName
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return term.length > 2 && !COMMON.has(term) && !/^\d+$/.test(term) && !own.includes(term.replace(/^[#@]/, ''));
}
