/**
 * Text of servers, made harmless for every sink: control and direction characters go (model/text.ts), secrets are
 * replaced by `***`, and what a page might run is broken by a middle dot. What was found is counted; nothing is lost for it.
 */
import { MAX_ID_LENGTH, MAX_TEXT_LENGTH } from '../../model/limits.ts';
import { cleanText } from '../../model/text.ts';

/** How often something was found, by what it was. Only grows. */
export interface Findings {
  secretsRedacted: number;
  suspiciousScriptTags: number;
  suspiciousScriptUrls: number;
  suspiciousDataUrls: number;
  suspiciousHandlers: number;
}
type Finding = keyof Findings;

/** The list of the first specification. The dot stands before the character without which it is mere text. */
const SUSPICIOUS: readonly [finding: Finding, pattern: RegExp][] = [
  ['suspiciousScriptTags', /(<)(script)/gi],
  ['suspiciousScriptUrls', /((?:java|vb)script)(:)/gi],
  ['suspiciousDataUrls', /(data)(:text\/html)/gi],
  ['suspiciousHandlers', /(onload|onerror)(\s{0,8}=)/gi],
];

const GAP = String.raw`(?:\\{0,8}["'])?\s{0,4}[:=]\s{0,4}`;
/** Quoted to its end, or one word. */
const VALUE = String.raw`(?:(\\{0,8}["'])[^"'\\]*|[^\s"',;&}\])\\]+)`;
const NAMES = [
  ['hive', 'token'],
  ['api', 'key'],
  ['access', 'key'],
  ['secret', 'key'],
  ['private', 'key'],
].map((words) => words.join('[-_]?'));
const NAMED = [...NAMES, 'token', 'secret', 'password', 'passwd', 'passphrase', 'pwd', 'credentials?'].join('|');
/** Each keeps what stands before the secret. Every repetition is bounded, or consumes what it has looked at. */
const SECRETS: readonly [pattern: RegExp, kept: string][] = [
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, ''],
  [
    new RegExp(
      String.raw`(authorization${GAP}(?:\\{0,8}["'])?)(?:(?:bearer|basic|token|digest)\s{1,4})?[^\s"',;\\]+`,
      'gi',
    ),
    '$1',
  ],
  [new RegExp(String.raw`(cookie${GAP})[^\r\n"'\\]+`, 'gi'), '$1'],
  [/\b((?:bearer|basic) {1,4})(?=[^\s]{0,200}\d)[A-Za-z0-9._~+/=-]{12,}/gi, '$1'],
  [new RegExp(`((?:${NAMED})${GAP})${VALUE}`, 'gi'), '$1$2'],
  [/(:\/\/[^\s/:@]{0,128}:)[^\s/@]{1,256}(?=@)/g, '$1'],
  [
    /\b(?:sk-[\w-]{16,256}|gh[pousr]_\w{20,256}|github_pat_\w{20,256}|glpat-[\w-]{16,256}|xox[a-z]-[\w-]{10,256}|npm_\w{20,256}|swk_[\w-]{20,256}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,64}|eyJ[\w-]{8,1024}\.[\w-]{4,2048}\.[\w-]{4,2048})/g,
    '',
  ],
];
/** Without one of these nothing of the above is there: most texts are done with at this. */
const NAMED_HINT = /[<:=]/;
const BARE_HINT =
  /[Bb]earer |[Bb]asic |BEARER |BASIC |sk-|gh[pousr]_|github_pat|glpat-|xox[a-z]-|npm_|swk_|AKIA|AIza|eyJ|-----BEGIN/;
/** Shorter text holds no secret that has no `:` or `=` before it. */
const SHORTEST_BARE = 19;
/** Looked at beyond the cut, so that half of a secret is known for one. */
const OVERLAP = 512;
const SECRET_NAME = new RegExp(`(?:${NAMED}|authorization|cookie)$`, 'i');
/** Stands where a secret was. */
export const REDACTED = '***';

let found = 0;
const findings: Findings = createFindings();

/** All zero. */
export function createFindings(): Findings {
  return {
    secretsRedacted: 0,
    suspiciousScriptTags: 0,
    suspiciousScriptUrls: 0,
    suspiciousDataUrls: 0,
    suspiciousHandlers: 0,
  };
}

/** What `work`, which must not wait, finds is counted in `counts`: dialects read for many servers, by turns. */
export function countFindings<T>(counts: Findings, work: () => T): T {
  startFindings();
  try {
    return work();
  } finally {
    endFindings(counts);
  }
}

/** As {@link countFindings} without a function, for what is done at full rate; {@link endFindings} has to follow. */
export function startFindings(): void {
  if (found > 0) forget();
}

/** Counts what was found since {@link startFindings}. */
export function endFindings(counts: Findings): void {
  if (found === 0) return;
  for (const name of Object.keys(findings) as Finding[]) counts[name] += findings[name];
  forget();
}

/** Text of a server as it may go on, at most `maxLength` UTF-16 units. The same again for what it returned. */
export function screenText(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  const clean = cleanText(text, maxLength + OVERLAP);
  const screened = mayHide(clean) ? neutralise(redact(clean)) : clean;
  return screened.length <= maxLength ? screened : screened.slice(0, maxLength).toWellFormed();
}

/**
 * True for an id that can be kept exactly as the server says it, as control operations need it. One that would have to
 * be cut, cleaned or redacted can't; markup in it is counted, and is for the sinks.
 */
export function isUsableId(id: string): boolean {
  if (id === '' || id.includes(REDACTED) || cleanText(id, MAX_ID_LENGTH) !== id) return false;
  if (!mayHide(id)) return true;
  neutralise(id);
  return redact(id) === id;
}

/** True for names of fields whose values are secret: `hiveToken`, `x-api-key`, `DB_PASSWORD`; not for `tokens_used`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** In place of the value of such a field. */
export function redactedField(): string {
  note('secretsRedacted');
  return REDACTED;
}

function mayHide(text: string): boolean {
  return NAMED_HINT.test(text) || (text.length >= SHORTEST_BARE && BARE_HINT.test(text));
}

function redact(text: string): string {
  let rest = text;
  for (const [pattern, kept] of SECRETS) rest = rest.replace(pattern, `${kept}${REDACTED}`);
  if (rest !== text) note('secretsRedacted');
  return rest;
}

function neutralise(text: string): string {
  let rest = text;
  for (const [finding, pattern] of SUSPICIOUS) {
    const broken = rest.replace(pattern, '$1·$2');
    if (broken !== rest) note(finding);
    rest = broken;
  }
  return rest;
}

function note(finding: Finding): void {
  findings[finding] += 1;
  found += 1;
}

function forget(): void {
  Object.assign(findings, createFindings());
  found = 0;
}
