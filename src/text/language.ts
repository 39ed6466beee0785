/** The language of a short text: the platform's own word where it is plausible, function words where they are clear, `eld` for the rest. */
import { eld } from 'eld/extrasmall';
import type { Token } from './tokenize.ts';
import { tokenize } from './tokenize.ts';

/** Languages that are told apart unless others are asked for: ISO 639-1. */
export const defaultLanguages: readonly string[] = [
  'fr',
  'en',
  'es',
  'de',
  'it',
  'pt',
  'nl',
  'ar',
  'ru',
  'el',
  'he',
  'ja',
  'ko',
  'th',
  'zh',
];

/** Answers an ISO 639-1 code, or `und` when unsure. `tokens` of the text spare a second pass. */
export type LanguageDetector = (text: string, hint?: string, tokens?: readonly Token[]) => string;

/** Frequent small words, folded. A word may belong to several languages; it then counts for each. */
const functionWords: Readonly<Record<string, string>> = {
  fr:
    'le la les un une des du de et est en que qui dans pour pas sur au aux avec ce cette ces il elle ils elles on nous vous je tu ' +
    'mais ou donc car ne se sa son ses leur leurs mon ma mes ton ta tes notre votre nos vos plus par sont etait ete etre avoir ai as ' +
    'avez avons ont fait faire tout tous toute toutes tres bien comme si quand meme aussi chez sans sous entre contre vers depuis ' +
    'cest jai ca y apres avant encore toujours jamais rien quoi dont ici alors merci bonjour moi toi lui eux suis sera peut faut va ' +
    'vont voir deux autre autres cela celui ceux trop peu juste oui non quel quelle pourquoi comment aujourdhui svp',
  en:
    'the a an and of to in is are was were be been being it its this that these those for on with at by from as but or not no have has ' +
    'had do does did done will would can could should you your i me my we our they their them he she his her him us if so just what ' +
    'when where who how why all any some more most out up down about into over after before than then there here get got im dont cant ' +
    'youre ive thats isnt didnt doesnt wont now because only very really too also am please thanks thank off again still never every ' +
    'need want know like make going back today new one which while much last',
  es:
    'el la los las un una unos unas de del y en que es por para con no se su sus al lo le les me mi mis tu tus te nos como pero mas ' +
    'muy ya si o e este esta estos estas ese esa eso esto ser estar son fue era hay ha han he hemos cuando donde quien porque todo ' +
    'toda todos todas sin sobre entre hasta desde tambien solo asi hoy ahora siempre nunca nada algo mucho mucha bien gracias hola ' +
    'hace hacer puede tiene tengo soy eres estoy esta voy va usted ustedes nosotros ellos ella aqui tan otro otra cada dos',
  de:
    'der die das den dem des ein eine einer einem einen und ist im in zu von mit auf fur nicht auch es sich als an er sie wir ich du ' +
    'ihr mich mir dir dich uns euch sein sind war waren hat haben habe wird werden wurde bei nach aus um noch nur so wie was wenn dass ' +
    'aber oder doch schon mal mehr kann muss immer wieder jetzt heute hier da man vom zum zur uber unter vor durch gegen ohne mein ' +
    'meine dein deine seine ihre unsere kein keine keinen alle alles sehr gut danke bitte warum wo wer bin bist seid am diese dieser ' +
    'dieses weil wurden konnen viel etwas nichts gerade einfach',
  it:
    'il lo la i gli le un uno una di del della dei delle dello degli da dal dalla in nel nella nei nelle con su sul sulla per tra fra e ' +
    'ed o ma che chi non si no ci mi ti vi ne se come dove quando perche anche ancora piu molto poco tutto tutti tutta tutte questo ' +
    'questa questi queste quello quella sono sei siamo siete era erano essere ho hai ha abbiamo avete hanno avere fatto fare al allo ' +
    'alla ai agli alle io tu lui lei noi voi loro mio mia tuo tua suo sua nostro cosi solo sempre mai gia oggi ora adesso grazie ciao ' +
    'bene niente cosa dopo prima senza contro',
  pt:
    'o a os as um uma uns umas de do da dos das em no na nos nas e que nao por para pra com se seu sua seus suas meu minha ao aos pelo ' +
    'pela mas mais muito muita ja sim ou como quando onde quem porque tudo todo toda todos todas sem sobre entre ate desde tambem so ' +
    'assim hoje agora sempre nunca nada eu tu voce voces ele ela eles elas nos me te lhe isso isto esse essa este esta aquele foi era ' +
    'sao ser estar estou esta tem tenho ter vai vou fazer bem obrigado obrigada ola pode ainda depois aqui la ta to vc pq nem cada ' +
    'outro outra gente num numa',
  nl:
    'de het een en van in is dat die op te zijn voor met niet aan er om ook als maar bij dan nog naar door over uit zo hij zij ze wij we ' +
    'je jij ik mij me mijn jouw uw ons onze hun haar was waren heeft hebben heb had wordt worden werd kan kunnen moet moeten zou al ' +
    'geen wel meer veel nu hier daar waar wat wie hoe waarom altijd nooit weer goed dank bedankt vandaag tegen zonder tot na deze dit ' +
    'omdat want gaan gaat ben bent jullie iets niets alles',
};

/** Scripts that one of our languages alone writes, by the code unit of a word's first letter. */
const scripts: readonly (readonly [from: number, to: number, language: string])[] = [
  [0x0370, 0x03ff, 'el'],
  [0x0590, 0x05ff, 'he'],
  [0x0e00, 0x0e7f, 'th'],
  [0x3040, 0x30ff, 'ja'],
  [0x4e00, 0x9fff, 'zh'],
  [0xac00, 0xd7a3, 'ko'],
];

/** Codes that platforms use for "none" and old codes that they still use. */
const notLanguages: ReadonlySet<string> = new Set([
  'und',
  'zxx',
  'mul',
  'mis',
  'art',
  'qme',
  'qam',
  'qst',
  'qht',
  'qct',
]);
const renamed: Readonly<Record<string, string>> = {
  iw: 'he',
  in: 'id',
  ji: 'yi',
  fra: 'fr',
  fre: 'fr',
  eng: 'en',
  deu: 'de',
  ger: 'de',
  spa: 'es',
  ita: 'it',
  por: 'pt',
  nld: 'nl',
  dut: 'nl',
};

/** How many function words ahead a language must be to be taken without a closer look. */
const clearLead = 2;
/** From how many function words on a text contradicts the platform's field. */
const contradiction = 3;
/** Fewest letters, in words, on which a guess is made. */
const fewestLetters = 4;

/**
 * Makes a detector that tells the given languages apart. The fewer they are, the surer it is; a text in another language
 * is then taken for one of them. With a plausible hint it costs a few look-ups per word.
 */
export function createLanguageDetector(languages: readonly string[] = defaultLanguages): LanguageDetector {
  const known = Object.keys(functionWords).filter((language) => languages.includes(language));
  const words = new Map<string, number[]>();
  known.forEach((language, index) => {
    for (const word of new Set((functionWords[language] ?? '').split(' '))) {
      const list = words.get(word);
      if (list) list.push(index);
      else words.set(word, [index]);
    }
  });
  const counts = new Float64Array(known.length);
  const byScript = scripts.filter(([, , language]) => languages.includes(language));
  // One letter alone can say what is Japanese: it mixes its own letters with Chinese ones.
  let detector: ReturnType<typeof eld.newInstance> | undefined;

  function ask(text: string): string {
    if (!detector) {
      detector = eld.newInstance();
      detector.setLanguageSubset([...languages]);
    }
    return detector.detect(text).language;
  }

  return function detect(text, hint, tokens = tokenize(text)) {
    counts.fill(0);
    let letters = 0;
    let foreign = 0;
    let wordCount = 0;
    let script = '';
    for (const token of tokens) {
      if (token.kind !== 'word') continue;
      const first = token.text.charCodeAt(0);
      if (first < 0x3a && first > 0x2f) continue;
      wordCount += 1;
      letters += token.text.length;
      const owners = words.get(token.text);
      if (owners) for (const owner of owners) counts[owner] = (counts[owner] ?? 0) + 1;
      else if (first >= 0x370) {
        foreign += 1;
        if (script !== 'ja')
          for (const [from, to, language] of byScript) if (first >= from && first <= to) script = language;
      }
      if (wordCount >= 60) break;
    }
    let best = -1;
    let most = 0;
    let second = 0;
    for (let i = 0; i < counts.length; i += 1) {
      const count = counts[i] ?? 0;
      if (count > most) {
        second = most;
        most = count;
        best = i;
      } else if (count > second) second = count;
    }
    const claimed = claimOf(hint);
    if (claimed) {
      const index = known.indexOf(claimed);
      const own = index >= 0 ? (counts[index] ?? 0) : 0;
      const contradicted =
        (known[best] !== claimed && most >= contradiction && own * 3 <= most) ||
        (index >= 0 && foreign * 2 > wordCount && foreign > 1);
      if (!contradicted) return claimed;
    }
    if (letters === 0) return 'und';
    if (foreign * 2 > wordCount && script) return script;
    if (most >= clearLead && most - second >= clearLead) return known[best] ?? 'und';
    if (letters < fewestLetters) return 'und';
    return ask(wordsOf(text, tokens)) || 'und';
  };
}

/** The ISO 639-1 (or 639-3) code that a platform's field claims; undefined when it claims none. */
function claimOf(hint: string | undefined): string | undefined {
  if (!hint) return undefined;
  const match = /^([a-z]{2,3})(?:[-_]|$)/i.exec(hint);
  const code = match?.[1]?.toLowerCase();
  if (!code || notLanguages.has(code)) return undefined;
  return renamed[code] ?? code;
}

/** The words of a text as they are written, without tags, handles and addresses, as far as a detector reads. */
function wordsOf(text: string, tokens: readonly Token[]): string {
  let joined = '';
  for (const token of tokens) {
    if (token.kind !== 'word') continue;
    joined += `${text.slice(token.start, token.end)} `;
    if (joined.length > 400) break;
  }
  return joined;
}
