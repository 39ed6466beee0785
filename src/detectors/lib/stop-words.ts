/** Words that say nothing new whoever uses them, folded and without their plural: small words, courtesies, times. */

const WORDS = `
a ai aie ailleurs ainsi ait alors apre apres as assez au aucun aucune aujourdhui aura auront aussi autant autre aux avai avaient
avait avant avec avez avoir avon avons ayant beaucoup ben bien bonjour bonsoir bref bravo c ca car ce cela celle celui cependant
certain certaine ces cest cet cette ceux chaque chez chose ci comme comment contre coup cours crois croire d dan dans de debut
deja demain depuis derniere dernier des deux dessous dessus devant dire dit doi doit donc dont du durant elle elles en encore
enfin ensuite entre envers environ es est et etaient etait etant ete etes etre eu eux fai faire fait fallait faudra faut fera fois
font franchement furent genre grace gros ha haut he hein hier heure heureusement hui ici il ils j jamais janvier je jour journee
jusqu jusque l la laquelle le lequel les leur leurs longtemps lors lorsque lui m ma maintenant mai mais mal malgre matin me meme
mer merci mercredi mes mettre mi mieux mille mis moi moin moins mois moment mon monde monsieur n ne ni nom nombre non nos notre nou
nous nouveau nouvelle on ont oouf or ou oui ouf par parce parfois parle parler part partir partout pas passe pendant penser permet
personne petit peu peut peuvent peux plein plupart plus plutot point possible pour pourquoi pourtant pouvoir prendre pres presque
prochain pu puis puisque qu quand quant quatre que quel quelle quelqu quelque question qui quoi raison rapport re rend reste rien s
sa sai sait salut sans savoir se selon semaine sera serai serait serieusement ses seul seulement si sien sinon soi soir soit sommes
son sont sou sous souvent suis suite sujet super sur svp t ta tant tard te tel telle tellement temp temps ti tien toi ton tot
toujour toujours tou tous tout toute toutes trop trouve tu un une va vais vas venir ver vers veut veux viens vient vingt voici
voila voir vont vos votre voulais vouloir vou vous vraiment vu vue y
able about above actually after again against ago ain all almost already also although always am among amp an and another any
anybody anymore anyone anything anyway are aren around ask at away awesome b back be became because become been before behind being
below best better between big bit both bring but by bye call came can cannot cant come coming could couldn day dear definitely did
didn didnt do doe does doesn doesnt doing don done dont down dude each either else end enough even evening ever every everybody
everyone everything fact far few fine first folk for found from fully further gave get getting gets give given glad go goe goes
going gone gonna good got gotta great guess guy ha had haha hadn happen happened happy hard has hasn hate have haven havent having
he hear heard hello help her here herself hey hi him himself his hm hmm hope how however i id idk if ill im imo in instead into is
isn isnt it its itself ive just keep kept kind knew know known last late later le least left less let like literally little ll lol
long look looking lot love m made make making man many may maybe me mean might mine minute month more morning most much must my
myself name near nearly need never new next nice night no nobody non none nope nor not nothing now o of off oh ok okay old omg on
once one ones only onto or other our out over own part people perhap perhaps please plus pls possible pretty probably put quite r
rather re read real really right rt run s said same saw say saying second see seeing seem seen sent several shall she should
shouldn show side simply since so some somebody someone something sometime soon sorry sort still stop such suck sure ta take taken
taking talk tell than thank thanks that the their them then there these they thing think this thi those though thought three
through thru thx till time tired to today together told tomorrow tonight too took total totally toward tried true truly try trying
turn two u under unless until up upon ur us use used using usual ve very via want wanted was wasn wasnt way we week well went were
weren what whatever when where whether which while who whole whom whose why will wish with within without won wont word work world
worst worse would wouldn wow wtf x y ya yea yeah year yep yes yesterday yet you your youre yourself
http https www com html jpg pic twitter via
monday tuesday wednesday thursday friday saturday sunday lundi mardi jeudi vendredi samedi dimanche
january february march april june july august september october november december
fevrier mars avril juin juillet aout septembre octobre novembre decembre
el los las una uno del por para con que como pero mas muy esta este esto son der die das und ist nicht ich ein eine mit auf von zu
den dem sich auch wie il lo gli che per non sono con della di da
`;

export const stopWords: ReadonlySet<string> = new Set(WORDS.split(/\s+/).filter(Boolean));

/** Emoji that order a text rather than say something: bullets, arrows, lights, megaphones. */
export const decorations: ReadonlySet<string> = new Set(
  '🔴 🔵 🟢 🟠 🟡 🟣 🟤 ⚪ ⚫ 🔹 🔸 🔶 🔷 ▪ ▫ ◾ ◽ ◼ ◻ ⬛ ⬜ 🟥 🟧 🟨 🟩 🟦 ➡ ⬅ ⬆ ⬇ ↗ ↘ ↙ ↖ ↪ ↩ ⤵ ⤴ 👉 👇 👆 👈 ☝ 🔽 🔼 ▶ ◀ ⏩ ⏬ ⏭ ✅ ☑ ✔ ✨ ⭐ 🌟 💫 📢 📣 🗞 📰 📌 📍 🔗 🎧 🎙 📺 📻 📸 📷 🎥 🆕 🔔 ➕ ➖ 🗓 📅 ⏰ 🕐 🔎 🔍 💬 🗣 📲 📱 💻 🖥 📝 ✍ ❗ ❕ ‼ ⁉ ❓ ❔ 🔁 🔄 ©️ © ® ™'.split(
    ' ',
  ),
);
