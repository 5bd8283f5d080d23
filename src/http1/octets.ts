// hot: bench/micro/head-parser.ts
// Octets and their classes (RFC 9110 §5.6.2, RFC 9112 §2.2), one table look-up each. Heads are bytes, never text (W01).

/** Octets by the names that the grammar gives them. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const PERCENT = 0x25;
export const ASTERISK = 0x2a;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const UPPER_A = 0x41;
export const UPPER_Z = 0x5a;
export const LEFT_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RIGHT_BRACKET = 0x5d;
export const UNDERSCORE = 0x5f;

function classOf(isMember: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (isMember(octet) ? 1 : 0));
}

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** 1 for the characters of a token: methods and field names (RFC 9110 §5.6.2). */
export const IS_TOKEN: Uint8Array = classOf((octet) => TOKEN_CHARACTERS.includes(String.fromCharCode(octet)));

/** 1 for what a field value may hold: HTAB, SP, visible and obs-text; no CR, LF, NUL or other control (W08). */
export const IS_VALUE: Uint8Array = classOf((octet) => octet === TAB || (octet >= SPACE && octet !== 0x7f));

/** 1 for what a request target may hold: visible ASCII but `#`; no space, control or non-ASCII octet (W13). */
export const IS_TARGET: Uint8Array = classOf((octet) => octet > SPACE && octet < 0x7f && octet !== HASH);

/** 1 for what a registered name may hold, the `%` of an escape included (RFC 3986 §3.2.2); no colon, no brackets. */
export const IS_REG_NAME: Uint8Array = classOf((octet) =>
  "-._~%!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".includes(
    String.fromCharCode(octet),
  ),
);

/** The value of a hexadecimal digit, 255 for any other octet. */
export const HEX_VALUE: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(octet).toLowerCase());
  return digit < 0 || octet > 0x7f ? 255 : digit;
});

/** Upper-case ASCII letters to lower case, every other octet to itself. */
export const LOWER: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= UPPER_A && octet <= UPPER_Z ? octet + 0x20 : octet,
);

/** True when `bytes[start, end)` equals `word`, which is in lower case, without regard to case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  const length = word.length;
  if (end - start !== length) return false;
  for (let at = 0; at < length; at += 1) {
    if (LOWER[bytes[start + at] as number] !== word[at]) return false;
  }
  return true;
}

/** The bytes of an ASCII word, for comparing. */
export function word(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** The octets `[start, end)` as text, one character an octet; for cold paths. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}
