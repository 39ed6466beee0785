/** Portuguese words of praise and complaint that the lists of the packages lack, as people write them. Folded, without accents. */
import type { WordList } from './words.ts';

export const portuguese: WordList = {
  delight:
    'amo amei amando amor amores adoro adorei adorando lindo linda lindos lindas lindao lindeza maravilhoso maravilhosa maravilhosos ' +
    'maravilha perfeito perfeita perfeitos perfeicao incrivel incriveis excelente excelentes otimo otima otimos otimas fantastico ' +
    'fantastica sensacional espetacular show genial genio mito mitou mitando rainha rei diva divo deusa melhor melhores feliz felizes ' +
    'felicidade felicidades parabens orgulho orgulhosa orgulhoso emocionante emocionada emocionado emocao arrasou arrasa arrasando ' +
    'apaixonada apaixonado apaixonei apaixonante fofo fofa fofos fofas fofura fofinho fofinha gato gata gatinho gostoso gostosa ' +
    'delicia top topissimo demais obrigado obrigada obg brigada sucesso brilhante brilhou encantada encantado preferido preferida ' +
    'favorito favorita musa princesa principe bravo vitoria campeao campeoes abencoado abencoe',
  good:
    'bom boa bons boas bem gosto gostei gostando curti curto curtindo legal legais bonito bonita bonitos divertido divertida engracado ' +
    'engracada risos rindo ri rir haha hahaha hahahaha sorriso sorrir alegria alegre contente ansiosa ansioso torcendo torco torcida ' +
    'ganhar ganhou ganha ganhe merece merecia mereceu merecido recomendo eficiente rapido facil simpatico simpatica educado gentil ' +
    'saudavel sorte paz esperanca apoio abraco abracos beijo beijos bjs bjo beijinho querido querida amigo amiga amigos deus ' +
    'aniversario ferias presente festa talento talentoso talentosa inteligente interessante carinho confianca qualidade util viva uhul ' +
    'aplausos caprichou saboroso finalmente bacana massa daora firmeza',
  bad:
    'ruim ruins mau mal triste tristes tristeza chorar chorando chorei choro lagrimas dor doi saudade saudades cansada cansado cansaco ' +
    'chato chata chatos chatas chatice tedio sono problema problemas erro erros falha falhas falta dificil lento lenta lerdo demora ' +
    'demorou atraso atrasado perdi perdeu perder perdendo derrota medo preocupada preocupado preocupante doente febre gripe sozinha ' +
    'sozinho solidao pena culpa preguica estresse estressada estressado nervosa nervoso feio feia feios fraco fraca fracasso crise caro ' +
    'caros queixa reclamar reclamacao reclamando denuncia irritada irritado irrita irritante raiva bravo brava furioso insuportavel ' +
    'impossivel estranho estranha quebrou quebrado infelizmente perigo perigoso morte morto mortos morreu morri morrer vitimas acidente ' +
    'cancelado decepcao decepcionada decepcionado decepcionante deprimida deprimido injusto injusta injustica eliminado eliminada sai ' +
    'fora parem chega azar desisto pior nojenta enjoada enjoado falso falsa forcado forcada metido metida',
  awful:
    'odeio odiei odiando odio piores horrivel horriveis terrivel terriveis pessimo pessima pessimos nojo nojento ridiculo ridicula ' +
    'ridiculos vergonha vergonhoso vergonhosa golpe golpista golpistas ladrao ladroes roubo roubalheira merda bosta porra caralho puta ' +
    'puto fdp foda fodase foder fodido idiota idiotas imbecil imbecis burro burra burros lixo inutil incompetente incompetencia ' +
    'corrupto corruptos corrupcao mentira mentiras mentiroso mentirosa fraude enganar engano desastre lamentavel patetico ' +
    'inaceitavel maldito maldita desgraca desgracado desgracada inferno cu otario otaria babaca babacas escroto escrota vagabundo ' +
    'vagabunda bandido bandidos assassino racista machista nojenta cretino trouxa palhaco palhacada palhacos podre absurdo',
  phrases: {
    'nao aguento': -0.8,
    'nao gosto': -0.7,
    'nao gostei': -0.8,
    'nao suporto': -0.9,
    'nao funciona': -0.8,
    'nao consigo': -0.4,
    'nao merece': -0.6,
    'que lindo': 0.9,
    'que linda': 0.9,
    'que fofo': 0.9,
    'que pena': -0.6,
    'que nojo': -0.9,
    'que odio': -0.9,
    'que raiva': -0.9,
    'que chato': -0.7,
    'muito bom': 0.9,
    'muito boa': 0.9,
    'muito bem': 0.7,
    'ta lindo': 0.8,
    'te amo': 0.9,
    'bom dia': 0.4,
    'boa sorte': 0.5,
    'sem graca': -0.7,
    'sem nocao': -0.7,
    'sem problema': 0.4,
    'tomara que': 0.2,
    'e demais': 0.6,
  },
};
