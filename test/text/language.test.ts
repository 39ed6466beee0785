import { describe, expect, it } from 'vitest';
import { createLanguageDetector } from '../../src/text/language.ts';

const detect = createLanguageDetector();

describe('the language of a text', () => {
  it.each([
    ['Le service client ne répond plus depuis trois jours', 'fr'],
    ['jai rien compris', 'fr'],
    ['Livraison encore retardée', 'fr'],
    ['Customer service has not answered for three days', 'en'],
    ['Parcel lost again, unbelievable', 'en'],
    ['El servicio al cliente no contesta desde hace tres días', 'es'],
    ['Der Kundendienst antwortet seit drei Tagen nicht', 'de'],
    ['Il servizio clienti non risponde da tre giorni', 'it'],
    ['O atendimento não responde há três dias e eu já cansei', 'pt'],
    ['De klantenservice reageert al drie dagen niet', 'nl'],
    ['サービスがつながらない', 'ja'],
    ['客服三天没有回复', 'zh'],
    ['고객센터가 응답하지 않아요', 'ko'],
    ['Служба поддержки не отвечает уже три дня', 'ru'],
    ['η εξυπηρέτηση δεν απαντά', 'el'],
  ])('%s → %s', (text, expected) => {
    expect(detect(text)).toBe(expected);
  });

  it.each(['', '😡😡', '@acme #top https://a.fr', '42', 'ok'])('is unsure of %j', (text) => {
    expect(detect(text)).toBe('und');
  });

  it('trusts a plausible hint', () => {
    expect(detect('Acme Paris', 'fr-FR')).toBe('fr');
    expect(detect('Acme Paris', 'en')).toBe('en');
    expect(detect('Bonjour', 'iw')).toBe('he');
    expect(detect('tere hommikust', 'et')).toBe('et');
  });

  it('takes no hint that says nothing, nor one that the text contradicts', () => {
    expect(detect('Le service client ne répond plus', 'und')).toBe('fr');
    expect(detect('Le service client ne répond plus', 'qme')).toBe('fr');
    expect(detect('Le service client ne répond plus', '')).toBe('fr');
    expect(detect('Le service client ne répond plus', 'en')).toBe('fr');
    expect(detect('客服三天没有回复', 'fr')).toBe('zh');
  });

  it('answers only languages that were asked for', () => {
    const two = createLanguageDetector(['fr', 'en']);
    expect(two('Der Kundendienst antwortet')).toMatch(/^(fr|en|und)$/);
    expect(two('Le service client')).toBe('fr');
  });
});
