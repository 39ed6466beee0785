/**
 * What people complain of, whatever the words: a story told in ordinary words shows in the topic before it shows in any word.
 * Words are folded, in French and English; `*` at the end stands for any ending.
 */

const TOPICS: Readonly<Record<string, string>> = {
  delay:
    'delay* late lateness retard* wait* waited attente attendre attend attendons patienter stuck bloque* hour* stranded coince* overdue slow* lent* lenteur',
  cancellation:
    'cancel* annul* supprim* suppression scrapped postpone* report reporte* rebook* reschedul* deprogramme*',
  lost: 'lost perdu* lose losing missing disparu* egare* luggage baggage bag valise* bagage* colis parcel package* livraison deliver* undelivered suitcase*',
  refund:
    'refund* rembours* reimburs* compensat* indemni* dedommag* voucher* avoir* credit chargeback geste money argent owe* owed',
  price:
    'price* pricing prix cher chere tarif* fee fees frais surcharge* overcharg* surtax* expensive hike augment* hausse facture* bill billed invoice*',
  staff:
    'staff rude attendant* employee* employe* agent* crew equipage personnel vendeur* vendeuse* cashier* manager* impoli* malpoli* mepris* disrespect* attitude unprofessional unhelpful steward* hotesse* serveur* driver* chauffeur* livreur*',
  support:
    'hold phone* call* hung hangup hotline standard appel* telephone* service support helpline answer* reponse* repond* reply replies respond* response* contact* injoignable* unreachable email* mail* callback serviceclient sav',
  queue: 'line* queue* file* crowd* bonde* counter* guichet* caisse*',
  booking:
    'book* reserv* ticket* billet* checkin website site app appli application login connexion password checkout panier commande* order* website* online ligne error erreur* bug* crash* glitch* reset itinerary confirmation',
  outage:
    'outage* panne* down offline hs coupure* breakdown broken broke casse* fail* defaillan* dysfonction* malfunction* repair* repar* maintenance mechanical technical technique*',
  quality:
    'quality qualite dirty sale* filthy smell* odeur* pue gross disgust* degueu* degout* defect* defectueu* faulty mold moisi* uncomfortable inconfort* seat* siege* cramped tiny torn dechire* terrible horrible awful catastroph*',
  health:
    'sick malade* ill poison* intoxi* allerg* hospital hopital injur* bless* burn* brul* contamin* bacteri* salmonell* listeria rappel recall* danger* unsafe',
  safety:
    'fire incendi* smoke fumee explos* accident* crash* evacu* emergency urgence threat* menace* attack* attaque* bomb* weapon* arme*',
  privacy:
    'leak* fuite* hack* pirat* breach* data donnees privacy rgpd gdpr password* phishing scam* arnaque* fraud* spam*',
  ethics:
    'racis* sexis* discriminat* homophob* harass* harcel* boycott* scandal* honte shame* shameful lawsuit* proces plainte* illegal* greenwash* greve* strike* layoff* licenci*',
};

const whole = new Map<string, string[]>();
const beginnings = new Map<string, [beginning: string, topic: string][]>();
for (const [topic, words] of Object.entries(TOPICS)) {
  for (const word of words.split(' ')) {
    if (word.endsWith('*')) {
      const beginning = word.slice(0, -1);
      const key = beginning.slice(0, 3);
      const list = beginnings.get(key) ?? [];
      list.push([beginning, topic]);
      beginnings.set(key, list);
    } else whole.set(word, [...(whole.get(word) ?? []), topic]);
  }
}

const none: readonly string[] = [];

/** The topics that a folded word belongs to. */
export function topicsOf(word: string): readonly string[] {
  let topics = whole.get(word);
  for (const [beginning, topic] of beginnings.get(word.slice(0, 3)) ?? []) {
    if (!word.startsWith(beginning) || word.length > beginning.length + 6 || topics?.includes(topic)) continue;
    topics = [...(topics ?? []), topic];
  }
  return topics ?? none;
}
