/** Spanish words of praise and complaint that the lists of the packages lack, as people write them. Folded, without accents. */
import type { WordList } from './words.ts';

export const spanish: WordList = {
  delight:
    'encanta encantan encanto encantado encantada amo amor adoro adorable genial geniales excelente excelentes increible increibles ' +
    'maravilloso maravillosa maravillosos maravillosas maravilla fantastico fantastica perfecto perfecta perfectos perfectas ' +
    'hermoso hermosa hermosos hermosas precioso preciosa preciosos preciosas preciosidad espectacular espectaculares magnifico ' +
    'magnifica estupendo estupenda impresionante feliz felices felicidad felicidades felicitaciones enhorabuena bravo orgullo ' +
    'orgulloso orgullosa orgullosos mejor mejores ilusion emocionado emocionada alegria bendicion bendiciones bonito bonita bonitos ' +
    'bonitas lindo linda lindos lindas divino divina brutal buenisimo buenisima guapo guapa guapos guapas guapisimo guapisima ' +
    'gracias graciass tequiero teamo campeon campeones chulo chula chulisimo molan mola molon crack grande',
  good:
    'bueno buena buenos buenas bien gusta gustan gusto gustado gustaron disfrutar disfruta disfruto disfrutando divertido divertida ' +
    'risa risas jaja jajaja jajajaja sonrisa sonreir contento contenta contentos alegre alegres exito exitos ganar gana gano ganamos ' +
    'victoria triunfo logro logrado apoyo recomiendo recomendable recomendado facil rapido rapida eficaz amable amables atento ' +
    'simpatico simpatica ganas animo suerte interesante interesantes descanso vacaciones regalo fiesta abrazo abrazos beso besos ' +
    'besitos carino querido querida confianza calidad util abuelita viva ole aplausos gratitud agradecido agradecida acertado ' +
    'tranquilo tranquila cumple cumpleanos bienvenido bienvenida bienvenidos rico rica delicioso deliciosa esperanza',
  bad:
    'malo mala malos malas mal triste tristes tristeza llorar lloro llorando lloré lagrimas duele dolor duelen dolores cansado cansada ' +
    'cansancio aburrido aburrida aburre aburrimiento sueno problema problemas error errores fallo fallos falla fallan falta dificil ' +
    'lento lenta retraso retrasos tarde perder perdi perdido perdimos perdio derrota miedo preocupado preocupada preocupante echo extrano ' +
    'enfermo enferma fiebre gripe solo sola soledad pena lastima culpa pereza estres estresado estresada nervios agobio agobiado ' +
    'feo fea feos fracaso crisis paro huelga ruina caro cara caros queja quejas reclamo reclamacion denuncia molesta molesto molestan ' +
    'enfadado enfadada enojado enojada frio insoportable pesado pesada imposible raro rara extranare olvidado rota roto rompio averia ' +
    'desgracia desgraciadamente lamentablemente peligro peligroso muerte muerto muertos murio victimas accidente ataque cancelado decepcion ' +
    'decepcionado decepcionada decepcionante deprimido deprimida depresion harto harta hartos ganasde',
  awful:
    'odio odia odian odiar peor peores horrible horribles terrible terribles fatal pesimo pesima pesimos asco asqueroso asquerosa ' +
    'verguenza vergonzoso vergonzosa estafa estafadores estafador ladrones ladron robo roban mierda mierdas puta puto putos putas ' +
    'joder jodido jodida coño cono gilipollas idiota idiotas imbecil imbeciles estupido estupida estupidos tonto tonta basura ' +
    'inutil inutiles incompetente incompetentes incompetencia corrupto corruptos corrupcion mentira mentiras mentiroso mentirosos ' +
    'fraude engano enganar engañan desastre lamentable penoso ridiculo ridicula patetico patetica inaceptable indignante ' +
    'maldito maldita malditos hdp cabron cabrones pendejo pendejos mames chinga verga boludo boludos pelotudo carajo matar asesino ' +
    'asesinos racista machista violencia traidor infierno muero',
  phrases: {
    'no puedo': -0.5,
    'no funciona': -0.8,
    'no responden': -0.7,
    'nada mejor': 0.8,
    'que asco': -0.9,
    'que pena': -0.7,
    'que lindo': 0.8,
    'que bonito': 0.8,
    'que rico': 0.7,
    'me encanta': 0.9,
    'no aguanto': -0.8,
    'no soporto': -0.9,
    'sin problemas': 0.5,
    'echo de': -0.5,
    'muchas gracias': 0.7,
    'ni idea': -0.2,
    'te quiero': 0.9,
    'te amo': 0.9,
    'buenos dias': 0.4,
    'por fin': 0.5,
    'por desgracia': -0.6,
    'menos mal': 0.5,
  },
};
