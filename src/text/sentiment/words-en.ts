/** English words that the list of the package lacks: of customers, and of people among themselves. Folded. */
import type { WordList } from './words.ts';

export const english: WordList = {
  delight:
    'loved loving loves amazing amazeballs awesome perfection flawless stunning obsessed phenomenal superb terrific marvelous spotless ' +
    'yay woohoo woo yaay omgyes excited psyched stoked pumped hyped kudos legend goat lit slay slayed slaying banger bae cutest hottest ' +
    'bestie blessed grateful thrilled ecstatic gorgeous wonderful brilliant outstanding exceptional exceeded rocks rocked rockin ' +
    'lifesaver unforgettable delightful seamless effortless impeccable thx thanx thankyou thanku ty tysm',
  good:
    'smooth quick quickly friendly courteous polite responsive attentive helpful clean comfy comfortable affordable reasonable ontime ' +
    'upgrade upgraded upgrades refunded resolved sorted fixed pleased prompt speedy reliable impressed cool sweet neat decent solid ' +
    'haha hahaha lol lmao lmfao cute cutie congrats congratulations proud happier smile smiling laugh laughing funny hilarious fun ' +
    'finally birthday weekend vacation party hug hugs xoxo xx follow rock dope fresh yummy tasty delicious welcome goodluck cheers win ' +
    'wins won winning victory champ champs champions classy fave favorite favourite beautiful',
  bad:
    'delay delays delayed cancelled canceled cancel cancelling cancellation cancellations stranded stuck waiting wait waited hold lost ' +
    'missing missed misplaced broken broke overbooked overcharged charged refund refuse refused refuses unresponsive ignored ignore ' +
    'ignoring unhelpful rude slow slower sluggish glitch glitchy buggy bug bugs crash crashes crashed crashing down outage error errors ' +
    'fail fails failed failing failure issue issues trouble complaint complain complaining disappointed disappointing disappointment ' +
    'annoyed annoying frustrated frustrating frustration unacceptable unhappy unable cant wont wouldnt nobody neither nothing worse ' +
    'overpriced expensive pricey cramped dirty filthy stale bland leaking faulty defective damaged unsafe recall recalled sick tired ' +
    'bored boring lame sad sadly unfortunately cry crying tears miss missing injured injury hurt hurts headache dead died dies loses ' +
    'losing loser losers lose loss smh ugh meh ew eww nope overrated flop flopped underwhelming mediocre confusing confused hassle ' +
    'hung rebooked hungup voicemail disconnected unanswered misleading nightmare mess messed',
  awful:
    'worst horrible terrible awful disgusting disgusted disgrace disgraceful pathetic useless incompetent incompetence garbage trash ' +
    'trashy crap crappy shit shitty bullshit bs fuck fucked fucking fuckin wtf stfu hate hated hates hating hateful scam scams scammer ' +
    'scammed fraud ripoff thieves thief liars liar lies lied joke ridiculous atrocious abysmal appalling horrendous dreadful inexcusable ' +
    'outrageous unbelievable idiot idiots idiotic moron morons stupid dumb asshole assholes bitch dickhead cunt racist racism bigot ' +
    'terrorist terrorists genocide murder murdered rape rapist evil vile sickening shame shameful shambles fiasco disaster boycott suck ' +
    'sucks sucked sucky neveragain epicfail fml poison poisoned poisoning avoid nightmare clueless',
  phrases: {
    'hung up': -0.8,
    'for nothing': -0.6,
    'yeah right': -0.7,
    'slow clap': -0.7,
    'on hold': -0.7,
    'no response': -0.8,
    'no answer': -0.6,
    'no help': -0.7,
    'no problem': 0.3,
    'no problems': 0.5,
    'no issues': 0.5,
    'no complaints': 0.6,
    'not bad': 0.5,
    'not good': -0.7,
    'not happy': -0.8,
    'not impressed': -0.8,
    'not working': -0.7,
    'not acceptable': -0.9,
    'not worth': -0.7,
    'cant wait': 0.8,
    'cannot wait': 0.8,
    'never again': -0.9,
    'never disappoints': 0.8,
    'never fails': 0.5,
    'too bad': -0.5,
    'so bad': -0.6,
    'well done': 0.9,
    'thank you': 0.7,
    'thanks for': 0.4,
    'thanks to': 0.2,
    'good luck': 0.4,
    'good morning': 0.4,
    'happy birthday': 0.7,
    'rip off': -0.9,
    'waste of': -0.9,
    'what a': 0.1,
    'fed up': -0.8,
    'let down': -0.7,
    'looking forward': 0.7,
    'oh no': -0.5,
    'shut up': -0.4,
    'cheer up': 0.1,
    'could care': -0.5,
    'couldnt care': -0.6,
    'game changer': 0.7,
    'second none': 0.8,
    'beyond frustrated': -0.9,
    'good job': 0.7,
    'great job': 0.8,
    'nice job': 0.6,
    'made my': 0.5,
    'ruined my': -0.8,
  },
};
