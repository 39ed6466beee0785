/**
 * What the French list of `natural`, made of adjectives for the most part, does not know: nouns and verbs of complaint
 * and of thanks as people write them to a brand. Folded, -1..1.
 */

const strongNegative =
  'arnaque arnaques arnaqueur arnaqueurs escroc escrocs escroquerie honte honteux honteuse scandale scandaleux scandaleuse ' +
  'scandaleuses inadmissible inadmissibles inacceptable inacceptables intolerable lamentable lamentables catastrophe ' +
  'catastrophique catastrophiques desastre desastreux desastreuse pire pires nul nulle nuls nulles nullissime merde merdique ' +
  'degueulasse degoutant degoutante degoute degoutee abject ignoble infect horrible horribles atroce cauchemar cauchemardesque ' +
  'pourri pourrie pourris pourries boycott boycotter boycottez boycottons voleur voleurs voleuse vol fraude mensonge mensonges ' +
  'menteur menteurs menteuse mepris meprisant meprisante intoxication empoisonne empoisonnement mort morts deces tue tuer victime ' +
  'victimes danger dangereux dangereuse dangereuses toxique toxiques plainte plaintes harcelement racisme raciste racistes ' +
  'contamine contaminee contamines contaminees contamination listeria salmonelle salmonelles sexiste sexistes corruption corrompu corrompus ecoeurant ecoeurante ecoeure revoltant revoltante minable minables pitoyable ' +
  'pitoyables ridicule ridicules incompetent incompetente incompetents incompetence fuyez fuir eviter evitez ' +
  'catastrophes desastreuses massacre carnage degout ecoeurants ecoeurantes immonde infame indigne indignes ' +
  'scandalise scandalisee hallucinant hallucinante aberrant aberrante aberration absurdite idiot idiote idiots ' +
  'idiotie cretin cretins abruti abrutis imbecile imbeciles salaud salauds salope pute putain bordel chier chiant ' +
  'chiante degage degagez ordure ordures pourriture pourritures mafia mafieux ripoux ripou crapule fasciste ' +
  'fascistes facho fachos nazi nazis traitre traitres trahison esclavage assassin assassins meurtre meurtres viol ' +
  'viols terrorisme terroriste terroristes haine hais deteste detestable detester vomir vomi execrable affreux ' +
  'affreuse affligeant affligeante consternant consternante navrant navrante mediocre mediocres bacle baclee ' +
  'foutaise foutaises fumiste fumistes magouille magouilles voyou voyous malhonnete malhonnetes malhonnetete ' +
  'arnaquer arnaquee voler vole volee inhumain inhumaine insultant insulte insultes deplorable deplorables ' +
  'irrespectueux irrespect lamentablement irresponsable irresponsables criminel criminels ruine ruines';

const negative =
  'probleme problemes panne pannes bug bugs bugge bugue plante plantage plantages erreur erreurs retard retards echec echecs ' +
  'attente galere galeres deception decu decue decus decues decevant decevante decevants colere enerve enervee enervant enervante ' +
  'agace agacee ras marre raler rale peur inquietude inquiet inquiete inquietant inquietante inquietants triste tristes dommage ' +
  'malheureusement helas mauvais mauvaise mauvaises impossible impossibles injoignable injoignables indisponible indisponibles ' +
  'casse cassee casses defectueux defectueuse rappel litige remboursement rembourser remboursez resilier resiliation resilie ' +
  'cher chere chers trompeur trompeuse abus abuse abusif abusive abusifs augmentation refus refuse bloque bloquee bloques perdu ' +
  'perdue perdus perte pertes crise crises pollution pollue polluants menace menaces attaque attaques critique critiques ' +
  'accident accidents incident incidents guerre conflit greve licenciement licenciements supprime suppression fermeture faillite ' +
  'insupportable penible penibles lent lente lenteur lourd mal pis vide absurde stupide con connard connards cons debile debiles ' +
  'licencie licencient licencier fake foutre foutent fout foutage pigeon pigeons moque moquent moquer souci soucis grave graves sale sales douteux douteuse ' +
  'injuste ' +
  'injustes injustice injustices echoue echouer polemique polemiques gaspillage gaspiller detruire detruit ' +
  'destruction degrade meurs blesse blesses souffrir souffrance souffre pleurer pleure fatigue fatiguee creve ' +
  'crevee ennui ennuie ennuyeux ennuyeuse malade malades fievre regrette regrettable regrettables regret deplore ' +
  'deplorer denonce denoncer denoncent accuse accuses condamne condamnation doute doutes faux fausse fausses ' +
  'fausser hypocrite hypocrites hypocrisie demago demagogie demagogue populiste ment mentir mentent menteuses ' +
  'triche tricher tricheur pretendu bidon ringard ringards incapable incapables inutile inutiles inefficace ' +
  'inefficaces interminable interminables escroquer surcoute surfacture excessif excessive exorbitant exorbitante ' +
  'exorbitants desagreable desagreables impoli impolie malpoli odieux odieuse mecontent mecontente mecontents ' +
  'insatisfait insatisfaite desabonne desinstalle raccroche raccrochent baladent balade ignore ignores ignorent ' +
  'oubli oublie bof berk pff pfff';

const positive =
  'merci mercis bravo bravos super genial geniale geniaux geniales excellent excellente excellents excellentes parfait parfaite ' +
  'parfaits parfaites top felicitations felicitation formidable formidables magnifique magnifiques extraordinaire extraordinaires ' +
  'adore adorer adorons adorent aime aimer aimons aiment satisfait satisfaite satisfaits satisfaites ravi ravie ravis heureux ' +
  'heureuse heureuses content contente contents recommande recommander recommandons efficace efficaces rapide rapides ' +
  'rapidement sympa sympas agreable agreables aimable aimables gentil gentille gentils professionnel professionnels ' +
  'professionnalisme reactif reactive reactivite reussi reussie reussite succes victoire gagne gagner gagnant fier fiere fiers ' +
  'plaisir bonheur joie kiffe kiff hate espoir meilleur meilleure meilleurs meilleures beau belle beaux belles bon bonne bons ' +
  'bonnes bien cool chouette impeccable nickel qualite confiance soutien soutenir innovant innovante ecoute simple facile ' +
  'clair utile utiles interessant interessante interessants vive hourra youpi chapeau soulage soulagee ' +
  'merveilleux merveilleuse merveille ' +
  'merveilles sublime sublimes splendide splendides superbe superbes fabuleux fabuleuse fantastique fantastiques ' +
  'incroyable epatant epatante remarquable remarquables exemplaire exemplaires brillant brillante brillants ' +
  'admirable passionnant passionnante enthousiasme enthousiaste encourageant encourageante prometteur prometteuse ' +
  'ambitieuse inspirant inspirante courage courageux courageuse honnete honnetes honnetete sincere sincerite loyal ' +
  'integrite respectueux respectueuse disponibilite attentif attentive attentionne accueillant accueillante ' +
  'chaleureux chaleureuse competent competente competents competence competences serieux serieuse fiable fiables ' +
  'attractifs attractive competitif competitifs avantageux avantageuse raisonnables intuitif fluide claire clairs ' +
  'claires satisfaction satisfaisant satisfaisante convenable correct correcte rapidite simplicite efficacite ' +
  'gentillesse amabilite remercie remercier remerciements fidele confort confortable adorable adorables mignon ' +
  'mignonne mignons jolie joli jolis jolies charmant sourire sourit rire rires drole droles marrant haha hahaha ' +
  'mdr ptdr lol bisous bisou calin amour adoree anniversaire cadeau cadeaux gagnante champion champions championne ' +
  'felicite feliciter encourage encourager applaudit ameliorer amelioration ameliore instructif instructive ' +
  'precieux precieuse';

const mild =
  'bien bon bonne bons bonnes simple facile clair ecoute rapide qualite soutien soutenir confiance hate vive gagner';

function weigh(words: string, weight: number): readonly (readonly [string, number])[] {
  return words.split(' ').map((word) => [word, weight] as const);
}

export const frenchWords: Readonly<Record<string, number>> = Object.fromEntries([
  ...weigh(negative, -0.5),
  ...weigh(strongNegative, -0.9),
  ...weigh(positive, 0.65),
  ...weigh(mild, 0.35),
]);

/** Words that the list of `natural` weighs and that say nothing of a feeling. */
export const frenchIdle: readonly string[] = (
  'tout toute tous toutes meme memes seul seule premier premiere dernier derniere plus moins tres trop vraiment tellement si ' +
  'totalement absolument completement encore'
).split(' ');

/** Two words that say more than each of them. */
export const frenchPhrases: Readonly<Record<string, number>> = {
  'ras le': -0.8,
  'marche pas': -0.7,
  'marchent pas': -0.7,
  'marche plus': -0.8,
  'fonctionne pas': -0.7,
  'fonctionnent pas': -0.7,
  'fonctionne plus': -0.8,
  'repond pas': -0.6,
  'repondent pas': -0.6,
  'repondez pas': -0.6,
  'repond plus': -0.7,
  'jamais recu': -0.7,
  'toujours pas': -0.6,
  'toujours rien': -0.6,
  'aucune reponse': -0.7,
  'aucune nouvelle': -0.6,
  'plus jamais': -0.9,
  'jamais vu': -0.4,
  'en panne': -0.6,
  'mal recu': -0.6,
  'bien recu': 0.2,
  'bon courage': -0.1,
  'pas normal': -0.6,
  'importe quoi': -0.5,
  'peux plus': -0.5,
  'plait pas': -0.6,
  'plait beaucoup': 0.7,
  'abonnes absents': -0.7,
  'pas mal': 0.4,
  'pas terrible': -0.6,
  'pas top': -0.6,
  'pas cool': -0.6,
  'pas cher': 0.4,
  'sans probleme': 0.6,
  'sans souci': 0.6,
  'aucun probleme': 0.6,
  'aucun souci': 0.6,
  'bonne foi': 0,
  'bon sang': -0.4,
  'bien sur': 0,
  'bien que': 0,
  'ou bien': 0,
  'tant pis': -0.4,
  'pour rien': -0.7,
  'ou pas': -0.5,
  'plus decu': -0.3,
  'jamais decu': 0.8,
  'jamais decue': 0.8,
  'pas decu': 0.7,
  'pas decue': 0.7,
  'rien a': 0,
  'raccroche au': -0.8,
  'service minable': -0.9,
};
