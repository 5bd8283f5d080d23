// Reads the date of a Set-Cookie's Expires as clients do (RFC 6265 §5.1.1): many forms, no time zone, always UTC.
// Cold: only responses that set a cookie with Expires come here.

import type { EpochMs } from "../base/units.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Longest text looked at; honest dates have about 30 characters. */
const DATE_BYTES_MAX = 100;

/** What has been recognised of a date so far. */
interface DateParts {
  time?: readonly [number, number, number];
  day?: number;
  month?: number;
  year?: number;
}

/** The moment that `bytes[start, end)` names; undefined when a client would ignore it. */
export function parseCookieDate(bytes: Buffer, start: number, end: number): EpochMs | undefined {
  if (end - start > DATE_BYTES_MAX) return undefined;
  const parts: DateParts = {};
  const words = bytes.toString("latin1", start, end).split(/[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/);
  for (const word of words) readWord(parts, word);
  const { time, day, month, year } = parts;
  if (time === undefined || day === undefined || month === undefined || year === undefined) return undefined;
  const [hour, minute, second] = time;
  if (day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59) return undefined;
  const days = daysSinceEpoch(year, month, day);
  return ((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000) as EpochMs;
}

/** The first word that looks like a time, a day of the month, a month and a year, in this order of trying. */
function readWord(parts: DateParts, word: string): void {
  if (parts.time === undefined) {
    const time = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/.exec(word);
    if (time !== null) {
      parts.time = [Number(time[1]), Number(time[2]), Number(time[3])];
      return;
    }
  }
  if (parts.day === undefined) {
    const day = /^(\d{1,2})(?:\D|$)/.exec(word);
    if (day !== null) {
      parts.day = Number(day[1]);
      return;
    }
  }
  if (parts.month === undefined) {
    const month = MONTHS.indexOf(word.slice(0, 3).toLowerCase());
    if (month >= 0) {
      parts.month = month;
      return;
    }
  }
  if (parts.year === undefined) {
    const year = /^(\d{2,4})(?:\D|$)/.exec(word);
    if (year !== null) parts.year = fullYear(Number(year[1]));
  }
}

function fullYear(year: number): number {
  if (year >= 70 && year <= 99) return year + 1900;
  return year <= 69 ? year + 2000 : year;
}

/** Days from 1970-01-01 in the Gregorian calendar; `month` from 0. Only `src/system` may name `Date`. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // Years that begin in March put the leap day last, so that one formula gives the days before each month.
  const marchYear = month < 2 ? year - 1 : year;
  const marchMonth = (month + 10) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const EPOCH_DAY = 719_468;
  return marchYear * 365 + leapDays + Math.floor((marchMonth * 153 + 2) / 5) + day - 1 - EPOCH_DAY;
}
