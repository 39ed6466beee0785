/** Words of everyday texts, folded: what floods a query, and what no query should be kept under. */

/** Small words of French and English. */
export const everyday: ReadonlySet<string> = new Set(
  (
    'a about all am an and any are as at be been but by can could did do for from get got had has have he her his how i if im in is it ' +
    'its just like me more my no not now of on one or our out so some that the their them then there they this time to up us was we ' +
    'were what when who will with would you your au aux avec ce ces cest dans de des du elle en est et il ils j je la le les leur lui ' +
    'mais mes mon ne nos notre nous on ou par pas plus pour qu que qui rt sa se ses si son sont sur tout tous tres un une vous y'
  ).split(' '),
);

/** Brands whose name is a word of its own in French or English. */
export const homonyms: ReadonlySet<string> = new Set(
  (
    'orange free total carrefour casino champion match boulanger but geant leader poste elle point monde express capital direct ' +
    'liberation apple shell target gap visa mars galaxy puma jaguar caterpillar coach dove axe always tide vanish bolt lime bird slack ' +
    'zoom teams meta oracle signal square stripe opera safari chrome edge word excel windows office amazon nature action jules alinea ' +
    'virgin united delta southwest subway quick paul brioche president delivery lush polo smart mini fiesta golf focus panda ' +
    'sage sprint boost pass prime twitch discord spark'
  ).split(' '),
);
