import type { Subject } from '@aisbf/contracts';

/** What was asked last: as it stands, and as its words in lower case. */
export type Asked = Readonly<{ text: string; words: readonly string[] }>;

/** A fifth of a text being code, it is about code, whatever its words say. */
const codeShareMin = 0.2;
/** Longer than this nobody chats. */
const smalltalkLengthMax = 160;

const setOf = (...lists: readonly string[]) => new Set(lists.join(' ').split(' '));

/** One of these is enough. */
const codeWords = setOf(
  'python javascript typescript java kotlin golang rust c++ c# php ruby bash sql postgres mysql sqlite mongodb html css json yaml xml',
  'react vue angular django flask fastapi node.js npm pip docker dockerfile kubernetes git github regex regexp api endpoint http',
  'refactor compile compiler debugger stacktrace traceback segfault nullpointerexception typeerror async await mutex unittest pytest jest',
  'function funktion fonction función funzione função funkcja методом функцию функция код コード 関数 函数 代码 함수 코드 algorithm algorithmus algorithme',
  'code programm codebase script skript linux shell terraform nginx websocket backend frontend database webhook cronjob',
);
const codePhrases = [
  'unit test',
  'pull request',
  'merge conflict',
  'stack trace',
  'command line',
  'binary tree',
  'linked list',
  'hash map',
  'off by one',
];

const mathsWords = setOf(
  'equation equations integral integrals derivative derivatives theorem proof prove matrix matrices eigenvalue eigenvalues polynomial',
  'calculate compute solve factorise factorize probability combinatorics logarithm trigonometry hypotenuse perimeter circumference',
  'gleichung gleichungen ableitung wahrscheinlichkeit beweise berechne löse matrix équation dérivée intégrale calcule résous probabilité démontre',
  'ecuación derivada calcula resuelve probabilidad demuestra equazione derivata calcola risolvi probabilità equação calcule resolva',
  'równanie oblicz pochodną rozwiąż уравнение вычисли реши производную интеграл докажи вероятность 方程 求解 计算 证明 方程式 計算 証明 방정식 계산',
  'modulo prime primes gcd lcm quadratic vertices vector vectors median variance sqrt squared cubed binomial',
);
const mathsPhrases = [
  'standard deviation',
  'greatest common divisor',
  'least common multiple',
  'how many ways',
  'square root',
  'right triangle',
  'percent of',
  'compound interest',
  'area of',
  'sum of the',
];

const translationWords = setOf(
  'translate translation translated translating übersetze übersetz übersetzen übersetzung traduis traduire traduction traduisez traduce traducir',
  'traducción traduzca traduci tradurre traduzione traduza traduzir tradução vertaal vertalen vertaling przetłumacz tłumaczenie översätt oversæt',
  'přelož çevir terjemahkan dịch переведи переведите перевод переклади',
);
const translationSigns = ['翻译', '翻訳', '译成', '訳して', '번역', 'ترجم', 'अनुवाद', 'תרגם', 'แปล'];
const translationPhrases = [
  'how do you say',
  'how do i say',
  'how would you say',
  'wie sagt man',
  'comment dit on',
  'cómo se dice',
  'come si dice',
  'como se diz',
];

const greetings = setOf(
  'hi hello hey hiya howdy yo greetings thanks thx cheers goodbye bye goodnight hallo servus moin tschüss danke bonjour salut coucou merci',
  'hola gracias buenas adiós ciao grazie buongiorno olá obrigado obrigada oi dag hoi doei cześć dzięki witaj hej tack ahoj díky merhaba selam teşekkürler',
  'halo terima xin chào привет здравствуйте спасибо привіт γεια',
);
const greetingSigns = [
  '你好',
  '您好',
  '谢谢',
  'こんにちは',
  'ありがとう',
  'おはよう',
  '안녕',
  '감사',
  'مرحبا',
  'शुक्रिया',
  'नमस्ते',
  'שלום',
  'สวัสดี',
];
const smalltalkPhrases = [
  'how are you',
  'how is it going',
  'how s it going',
  'what s up',
  'whats up',
  'good morning',
  'good evening',
  'good night',
  'thank you',
  'tell me a joke',
  'how was your',
  'nice to meet',
  'have a nice',
  'i am bored',
  'i m bored',
  'do you like',
  'what do you like',
  'who are you',
  'what is your name',
  'what s your name',
  'how do you feel',
  'guten morgen',
  'guten abend',
  'gute nacht',
  'wie geht',
  'wer bist du',
  'erzähl mir einen witz',
  'ça va',
  'comment vas tu',
  'comment ça va',
  'bonne nuit',
  'qué tal',
  'cómo estás',
  'buenos días',
  'buenas noches',
  'come stai',
  'buona notte',
  'tudo bem',
  'bom dia',
  'boa noite',
  'hoe gaat',
  'jak się masz',
  'dzień dobry',
  'как дела',
  'доброе утро',
  'nasılsın',
  'apa kabar',
  'your favourite',
  'your favorite',
];

/** What a text is about. It may be about several things, or about nothing that is looked for. */
export function subjectsOf(asked: Asked, codeShare: number): Subject[] {
  const { text, words } = asked;
  const sentence = ` ${words.join(' ')} `;
  const says = (phrases: readonly string[]) => phrases.some((one) => sentence.includes(` ${one} `));
  const begins = (phrases: readonly string[]) =>
    phrases.some((one) => sentence.includes(` ${one}`));
  const has = (set: ReadonlySet<string>) => words.some((word) => set.has(word));
  const shows = (signs: readonly string[]) => signs.some((sign) => text.includes(sign));
  const found: Subject[] = [];
  if (codeShare >= codeShareMin || text.includes('```') || has(codeWords) || says(codePhrases))
    found.push('code');
  if (hasFormula(text) || has(mathsWords) || says(mathsPhrases)) found.push('maths');
  if (has(translationWords) || shows(translationSigns) || begins(translationPhrases))
    found.push('translation');
  const isShort = text.length <= smalltalkLengthMax && found.length === 0;
  if (isShort && (has(greetings) || shows(greetingSigns) || begins(smalltalkPhrases)))
    found.push('smalltalk');
  return found;
}

/** TeX, signs that only formulas have, or numbers with an operator between them. */
function hasFormula(text: string): boolean {
  return (
    /\\(frac|int|sum|sqrt|lim|begin\{)|[∫∑√∞≤≥≠∂∇∈∀∃]/.test(text) ||
    /\d ?[*×÷^] ?\d|\d \+ \d|\b[xyz]\^\d|\d[xyz] ?[-+=]|\d% of/.test(text)
  );
}

const codeLine =
  /^(import |from \w+ import|export |const |let |var |def |class |func |fn |pub |public |private |static |return\b|if ?\(|for ?\(|while ?\(|else|elif |try|catch|#include|package |using |SELECT |INSERT |UPDATE |DELETE |CREATE |@\w+|\$ |<\/?\w+[ >])|[;{}]$|=>|\)\s*:$|^\s*(\/\/|#!)|\w+\(.*\)$/;
const lineLengthMax = 400;

/** By characters, which lines look like those of a program. */
export function codeShareOf(text: string): number {
  let code = 0;
  let isFenced = false;
  for (const line of text.split('\n')) {
    const isFence = line.startsWith('```');
    if (isFence) isFenced = !isFenced;
    else if (isFenced || codeLine.test(line.slice(0, lineLengthMax).trim()))
      code += line.length + 1;
  }
  return shareOf(code, text.length + 1);
}

/** Signs of formulas among all that is no space. */
export function mathsShareOf(text: string): number {
  const signs = text.match(/[+*=^<>%√∫∑π≤≥≠±×÷]/g)?.length ?? 0;
  return shareOf(signs, text.length - (text.match(/\s/g)?.length ?? 0));
}

/** Three digits are enough to decide by, and a record of them is readable. */
function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.round((1_000 * part) / whole) / 1_000);
}
