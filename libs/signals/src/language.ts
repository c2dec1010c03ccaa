/** Scripts that one language or a few write with, by the share of letters that must be theirs. */
const scriptShareMin = 0.3;

/**
 * The commonest little words of languages in Latin letters. Words that several of them have are in each of
 * their lists, and so they decide nothing.
 */
const littleWords: Readonly<Record<string, string>> = {
  en: 'the of and to in is it that for you with on are this be my me what how can please write give do does not from an or as have i a was were has but by at which who why there explain make create show tell list find help into between our your we they',
  de: 'der die das und ist nicht ein eine ich du mir mich den dem zu mit auf für von wie was bitte im es sind kann auch schreibe aus einen einer',
  fr: 'le la les des et est un une je tu que qui dans pour pas sur avec ce cette vous nous du au en mon ma écris comment quel quelle moi plaît',
  es: 'el la los las de y es un una que en por para con no se mi me cómo qué lo del al escribe dame este esta como más puedes',
  it: 'il lo la i gli le di e è un una che in per con non si mi come cosa del della scrivi questo questa sono puoi nel alla',
  pt: 'o a os as de e é um uma que em por para com não se meu minha como do da no na escreva este esta você mais me',
  nl: 'de het een en is niet ik je van in op met voor dat die te mijn wat hoe kan schrijf zijn er aan bij deze geef maar',
  pl: 'i w na nie to jest się z do że jak co mi mnie o po dla czy ten ta napisz proszę są od za ale jaki jaka',
  sv: 'och att det är en ett jag du inte i på som för med av till den hur vad kan mig min skriv från har',
  da: 'og at det er en et jeg du ikke i på som for med af til den hvordan hvad kan mig min skriv fra har',
  cs: 'a v na je se že to s do jak co mi pro ne jsem jsou z po ale tak napiš prosím který o',
  tr: 've bir bu ne için ile mi da de nasıl var çok ben sen bana değil olarak daha yaz lütfen nedir kadar',
  id: 'yang dan di ini itu untuk dengan tidak saya anda dari ke apa bagaimana adalah bisa tolong tulis pada',
  vi: 'là và của có không một cho tôi bạn trong được này với các như hãy viết để thế nào những',
};

const languagesOf: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ...Map.groupBy(
      Object.entries(littleWords).flatMap(([language, words]) =>
        words.split(' ').map((word) => ({ word, language })),
      ),
      ({ word }) => word,
    ),
  ].map(([word, uses]) => [word, uses.map(({ language }) => language)]),
);

type Script =
  | 'kana'
  | 'hangul'
  | 'han'
  | 'cyrillic'
  | 'arabic'
  | 'hebrew'
  | 'devanagari'
  | 'greek'
  | 'thai';

/** First and last code points. */
const scripts: readonly (readonly [number, number, Script])[] = [
  [0x0370, 0x03ff, 'greek'],
  [0x0400, 0x052f, 'cyrillic'],
  [0x0590, 0x05ff, 'hebrew'],
  [0x0600, 0x06ff, 'arabic'],
  [0x0900, 0x097f, 'devanagari'],
  [0x0e00, 0x0e7f, 'thai'],
  [0x1100, 0x11ff, 'hangul'],
  [0x3040, 0x30ff, 'kana'],
  [0x4e00, 0x9fff, 'han'],
  [0xac00, 0xd7af, 'hangul'],
];

/** Two letters of ISO 639, or null where the text does not tell. `words` are its own, in lower case. */
export function languageOf(text: string, words: readonly string[]): string | null {
  return languageOfScript(text) ?? languageOfWords(words);
}

/** Languages that have a script to themselves, or nearly. */
const languageOfOwnScript: ReadonlyMap<Script, string> = new Map([
  ['cyrillic', 'ru'],
  ['arabic', 'ar'],
  ['han', 'zh'],
  ['hangul', 'ko'],
  ['hebrew', 'he'],
  ['devanagari', 'hi'],
  ['greek', 'el'],
  ['thai', 'th'],
]);

function languageOfScript(text: string): string | undefined {
  const { letters, counts } = lettersOf(text);
  // Japanese mixes its own letters with Chinese ones.
  const kana = counts.get('kana') ?? 0;
  if (kana > 0 && kana + (counts.get('han') ?? 0) > letters * scriptShareMin) return 'ja';
  for (const [script, language] of languageOfOwnScript) {
    if ((counts.get(script) ?? 0) > letters * scriptShareMin) return neighbourOf(language, text);
  }
  return undefined;
}

/** Letters that one language of a script has and the larger one has not. */
function neighbourOf(language: string, text: string): string {
  if (language === 'ru' && /[іїєґ]/i.test(text)) return 'uk';
  return language === 'ar' && /[پچژگ]/.test(text) ? 'fa' : language;
}

function scriptOf(code: number): Script | undefined {
  return scripts.find(([first, last]) => code >= first && code <= last)?.[2];
}

/** Latin letters count among all of them, and for none of the scripts. */
function lettersOf(text: string) {
  const counts = new Map<Script, number>();
  let letters = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isLatin = code < 128 && (code | 32) >= 97 && (code | 32) <= 122;
    const script = code < 0x0370 ? undefined : scriptOf(code);
    if (script || isLatin) letters += 1;
    if (script) counts.set(script, (counts.get(script) ?? 0) + 1);
  }
  return { letters, counts };
}

/** The language with the most little words, where none has as many. */
function languageOfWords(words: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const word of words) {
    for (const language of languagesOf.get(word) ?? []) {
      counts.set(language, (counts.get(language) ?? 0) + 1);
    }
  }
  const [best, second] = [...counts].sort(([, left], [, right]) => right - left);
  if (!best || best[1] === second?.[1]) return null;
  return best[0];
}
