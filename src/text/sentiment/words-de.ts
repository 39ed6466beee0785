/** German words of praise and complaint that the lists of the packages lack, as people write them. Folded, without umlauts. */
import type { WordList } from './words.ts';

export const german: WordList = {
  delight:
    'liebe lieben liebt liebste liebsten geliebt super toll tolle toller tolles tollen klasse genial geniale genialer geniales ' +
    'hervorragend hervorragende ausgezeichnet wunderbar wunderbare wunderbarer wunderbares wunderbaren wundervoll wundervolle ' +
    'wunderschon wunderschone wunderschoner perfekt perfekte perfekter perfekten fantastisch fantastische grossartig grossartige ' +
    'grandios spitze spitzenmassig begeistert begeisterung traumhaft traumhafte herrlich herrliche glucklich gluckliche gluck ' +
    'gluckwunsch gluckwunsche bravo geil geile geiler geiles geilen hammer mega bombe beste bester bestes besten lecker leckere leckeres ' +
    'danke dankeschon dank dankbar yay juhu jippie hurra freu freue freuen freut freude gefreut suss susse susser susses sussen ' +
    'knuffig schatz awesome nice love verliebt stolz sieg gewonnen erfolg erfolgreich empfehlenswert',
  good:
    'gut gute guter gutes guten gern gerne mag magst mogen gefallt gefallen gefiel cool coole cooler cooles schone schoner schones ' +
    'schonen schonste schonsten hubsch hubsche spass spassig lustig lustige lustiger lustiges witzig witzige lachen lache gelacht haha ' +
    'hahaha hihi grins lacheln entspannt entspannen gemutlich angenehm angenehme nett nette netter netten freundlich freundliche ' +
    'hilfreich hilfsbereit schnell schnelle zuverlassig praktisch einfach empfehle empfehlen lohnt zufrieden interessant interessante ' +
    'spannend spannende gewinnen gewinnt urlaub ferien feiern party geburtstag geschenk sonne sonnig kuss kussen umarmung hoffnung ' +
    'endlich guten bestanden geschafft gelungen prima okay fein jawoll knuddel froh frohe frohen frohes willkommen',
  bad:
    'schlecht schlechte schlechter schlechtes schlechten traurig traurige trauriger weinen weine heulen heule heul geheult leider schade ' +
    'bedauerlich mude muede erschopft krank kranke fieber kopfschmerzen schmerz schmerzen bauchschmerzen weh aua langweilig langweilige ' +
    'langeweile nervt nerven nervig nervige genervt problem probleme fehler falsch kaputt kaputte defekt storung verspatung verspatet ' +
    'verspatungen ausfall lahm langsam warten warte wartezeit teuer teure teurer angst sorge sorgen allein alleine einsam vermisse ' +
    'vermissen stress stressig gestresst arger argerlich argern argert verloren verlieren verliert verlust niederlage enttauscht ' +
    'enttauschend enttauschung streik krise kritik schwierig unmoglich unfreundlich unverschamt peinlich dumm dumme dummer dummen bose ' +
    'wutend wut sauer gefahr gefahrlich tot tote tod gestorben opfer unfall mies miese mieser keinen vergessen verpasst frust frustriert ' +
    'regen kalt grau schuld warnung beschwerde mangelhaft fehlt gelogen uff menno seufz orr boah',
  awful:
    'hasse hasst hass hassen scheisse scheiss scheis beschissen beschissene kacke kack mist furchtbar furchtbare schrecklich ' +
    'schreckliche grausam grausame grauenhaft grauenvoll horror ekelhaft eklig ekel widerlich schlimm schlimme schlimmer schlimmste ' +
    'katastrophe katastrophal desaster betrug betruger abzocke abzocker verarscht verarsche arsch arschloch arschlocher idiot idioten ' +
    'idiotisch vollidiot depp deppen trottel blod blode bloder blodes bloden blodsinn bescheuert bekloppt unfahig unfahige lacherlich ' +
    'erbarmlich skandal schande unertraglich inakzeptabel frechheit luge lugen lugner korrupt nazi nazis rassist rassistisch mord ' +
    'morder terror verdammt verdammte fuck wtf kotzen kotzt kotz zum-kotzen dreck drecks muell mull sinnlos versager ruiniert verbrecher ' +
    'schweine pfui hurensohn wichser',
  phrases: {
    'nicht gut': -0.7,
    'nicht mehr': -0.3,
    'nicht schlecht': 0.5,
    'kein bock': -0.7,
    'keinen bock': -0.7,
    'keine lust': -0.7,
    'kein problem': 0.3,
    'geht nicht': -0.5,
    'funktioniert nicht': -0.8,
    'kann nicht': -0.4,
    'zu teuer': -0.7,
    'tut weh': -0.7,
    'guten morgen': 0.5,
    'guten rutsch': 0.5,
    'gute nacht': 0.4,
    'gute besserung': 0.2,
    'viel spass': 0.6,
    'vielen dank': 0.8,
    'ich liebe': 0.9,
    'ich hasse': -0.9,
    'ich freue': 0.8,
    'freu mich': 0.8,
    'nie wieder': -0.8,
    'schon wieder': -0.3,
    'was soll': -0.4,
    'oh nein': -0.6,
    'so schon': 0.6,
    'sehr schon': 0.8,
  },
};
