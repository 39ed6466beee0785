/** Italian words of praise and complaint that the lists of the packages lack, as people write them. Folded, without accents. */
import type { WordList } from './words.ts';

export const italian: WordList = {
  delight:
    'amo amore adoro adorabile bellissimo bellissima bellissimi bellissime stupendo stupenda stupendi meraviglioso meravigliosa ' +
    'meravigliosi meraviglia fantastico fantastica fantastici ottimo ottima ottimi ottime eccellente eccellenti perfetto perfetta ' +
    'perfetti splendido splendida splendidi magnifico magnifica straordinario straordinaria incredibile eccezionale eccezionali ' +
    'geniale genio grandioso favoloso favolosa spettacolare spettacolo migliore migliori meglio felice felici felicita congratulazioni ' +
    'complimenti auguri bravo brava bravi brave bravissimo bravissima bravissimi grande grandi grandissimo grazie evviva viva urra ' +
    'orgoglio orgoglioso orgogliosa emozione emozionante vittoria vinto vincere campioni mitico mitica top delizioso applausi innamorata ' +
    'innamorato dolcissimo carinissimo',
  good:
    'bello bella belli belle bel buono buona buoni buone buon bene piace piacciono piaciuto piaciuta piacere carino carina carini ' +
    'divertente divertenti divertito divertimento ridere rido haha ahah ahaha ahahah ahahaha sorriso sorridere contento contenta contenti ' +
    'allegria gioia simpatico simpatica gentile gentili consiglio consigliato veloce rapido facile efficace utile interessante interessanti ' +
    'intelligente successo successi speranza speriamo fiducia forza appoggio sostegno qualita bacio baci bacioni abbraccio abbracci caro ' +
    'cara amici amica regalo festa compleanno vacanze sole fortuna fortunato buongiorno buonanotte finalmente giusto giusta onesto onesta ' +
    'serio seria condivido condivisibile concordo chapeau',
  bad:
    'brutto brutta brutti brutte male cattivo cattiva triste tristi tristezza piangere piango lacrime dolore dolori stanco stanca ' +
    'stanchi stanchezza noia noioso noiosa annoio problema problemi errore errori guasto manca mancano mancanza difficile lento lenta ' +
    'ritardo ritardi perso perdere perduto sconfitta paura preoccupato preoccupata preoccupante malato febbre solo solitudine peccato ' +
    'colpa ansia stress nervoso nervosa povero poveri poveretti crisi debito debiti tasse tassa tagli sacrifici disoccupati ' +
    'disoccupazione sciopero costoso reclamo denuncia arrabbiato arrabbiata rabbia incazzato incazzata incazzati insopportabile ' +
    'impossibile strano rotto purtroppo pericolo pericoloso morte morto morti muore vittime incidente deluso delusa delusi delusione ' +
    'deludente fallimento fallito falliti dubbi dubbio contro basta stufo stufa stufi piagnistei debole scarso confuso ipocrita ' +
    'ipocriti ipocrisia demagogia inciucio poltrona poltrone casta lacrime sangue bugia bugie',
  awful:
    'odio odia odiare peggio peggiore peggiori pessimo pessima pessimi orribile orribili orrendo terribile terribili orrore schifo ' +
    'schifoso schifosa schifosi fanno-schifo vergogna vergognoso vergognosa vergognatevi vergognati truffa truffatori ladro ladri ladra ' +
    'rubare rubano merda merde cazzo cazzate cazzata cazzi coglione coglioni stronzo stronzi stronza stronzate puttana puttane vaffanculo ' +
    'fanculo idiota idioti imbecille imbecilli cretino cretini deficiente deficienti stupido stupida stupidi scemo scemi spazzatura ' +
    'inutile inutili incompetente incompetenti incapace incapaci corrotto corrotti corruzione bugiardo bugiardi mafioso mafiosi mafia ' +
    'criminale criminali disastro disastroso catastrofe ridicolo ridicola ridicoli penoso patetico inaccettabile indecente indegno ' +
    'maledetto maledetti assassini assassino razzista fascista fascisti buffone buffoni pagliaccio pagliacci servo servi traditore ' +
    'traditori rovina rovinato rovinare ammazzare uccidere schiavi usurai parassiti sanguisughe',
  phrases: {
    'non funziona': -0.8,
    'non va': -0.5,
    'non male': 0.4,
    'non riesco': -0.4,
    'non sopporto': -0.9,
    'non ne': -0.2,
    'che schifo': -0.9,
    'che palle': -0.8,
    'che bello': 0.9,
    'che bella': 0.9,
    'che vergogna': -0.9,
    'che tristezza': -0.8,
    'mi piace': 0.6,
    'ti amo': 0.9,
    'ti odio': -0.9,
    'in bocca': 0.4,
    'per fortuna': 0.4,
    'senza problemi': 0.5,
    'va bene': 0.3,
    'a casa': -0.1,
    'fa schifo': -0.9,
    'fanno schifo': -0.9,
    'meno male': 0.5,
  },
};
