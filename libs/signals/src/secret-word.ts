/** Beginnings that those who give keys out have chosen, so that they are found when they get lost. */
const prefixes = [
  ...[
    'sk-',
    'pk-lf-',
    'sk_live_',
    'sk_test_',
    'rk_live_',
    'rk_test_',
    'whsec_',
    'sq0atp-',
    'sq0csp-',
  ],
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'glpat-', 'gldt-', 'glrt-'],
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xapp-', 'AKIA', 'ASIA', 'AIza', 'GOCSPX-'],
  ...[
    'hf_',
    'gsk_',
    'xai-',
    'r8_',
    'pplx-',
    'tvly-',
    'npm_',
    'pypi-',
    'dop_v1_',
    'shpat_',
    'shpss_',
  ],
  ...['lin_api_', 'dckr_pat_', 'NRAK-', 'PMAK-', 'figd_', 'sbp_', 'vercel_', 'aisbf_', 'aisbfw_'],
  ...['AGE-SECRET-KEY-1', 'eyJ'],
] as const;
const prefixesByStart = Map.groupBy(prefixes, (prefix) => prefix.slice(0, 2));

/** Shorter is a name, longer is a file. */
export const secretLengthMin = 20;
const secretLengthMax = 512;
/** Random letters and digits change their class at three of five places; names in camel case at one of three. */
const changesShareMin = 0.42;
const digitsMin = 3;

/** Names that are followed by something which is nobody's business. */
const secretName =
  /secret|token(?![is])|passw|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|^bearer$/i;

/** A word of letters, digits, `-` and `_`: whether it is a key by its beginning or by how random it is. */
export function isSecretWord(word: string): boolean {
  if (word.length < secretLengthMin || word.length > secretLengthMax) return false;
  return hasKnownPrefix(word) || isRandom(word);
}

function hasKnownPrefix(word: string): boolean {
  const candidates = prefixesByStart.get(word.slice(0, 2)) ?? [];
  return candidates.some((prefix) => {
    if (!word.startsWith(prefix)) return false;
    const rest = word.slice(prefix.length);
    return rest.length >= 12 && /\d|[a-z][A-Z]|[A-Z][a-z]/.test(rest) && !isPlainWords(rest);
  });
}

/** `sk-learn-for-beginners-2024`: lower-case words with dashes between them. */
function isPlainWords(text: string): boolean {
  return /^([a-z]+|\d{1,4})([-_]([a-z]+|\d{1,4}))+$/.test(text);
}

function isRandom(word: string): boolean {
  let [digits, upper, lower, changes, last] = [0, 0, 0, 0, 0];
  for (let at = 0; at < word.length; at += 1) {
    const kind = classOf(word.charCodeAt(at));
    if (kind === 1) digits += 1;
    if (kind === 2) upper += 1;
    if (kind === 3) lower += 1;
    if (at > 0 && kind !== last) changes += 1;
    last = kind;
  }
  const isMixed = digits >= digitsMin && upper >= 2 && lower >= 2;
  return isMixed && changes >= word.length * changesShareMin;
}

function classOf(code: number): number {
  if (code >= 48 && code <= 57) return 1;
  if (code >= 65 && code <= 90) return 2;
  return code >= 97 && code <= 122 ? 3 : 4;
}

export function isSecretName(word: string): boolean {
  return secretName.test(word);
}

/** What stands behind such a name: a value, unless it is one more word of the language. */
export function isSecretValue(word: string): boolean {
  return (
    word.length >= 6 && word.length <= secretLengthMax && /\d/.test(word) && /[A-Za-z]/.test(word)
  );
}
