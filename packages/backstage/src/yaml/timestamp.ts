const TIMESTAMP =
  /^([0-9]{4})-([0-9][0-9]?)-([0-9][0-9]?)(?:(?:[Tt]|[ \t]+)([0-9][0-9]?):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(?:(Z)|([-+])([0-9][0-9]?)(?::([0-9]{2}))?))?)?$/;

/** A date, or a date with a time, as the text of Python's `isoformat()`; undefined when there is no such day or time. */
export function readTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour, minute = '', second = '', fraction = '', zulu, sign, ...offset] =
    match;
  if (!isDay(Number(year), Number(month), Number(day))) return undefined;
  const date = `${year}-${two(month)}-${two(day)}`;
  if (hour === undefined) return date;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  const time = `${two(hour)}:${minute}:${second}${micros === '000000' ? '' : `.${micros}`}`;
  const zone = zulu === undefined ? readOffset(sign, offset[0] ?? '0', offset[1] ?? '0') : '+00:00';
  return zone === undefined ? undefined : `${date}T${time}${zone}`;
}

/** `+hh:mm`; nothing without a sign; undefined for a day or more. */
function readOffset(sign: string | undefined, hours: string, minutes: string): string | undefined {
  if (sign === undefined) return '';
  const total = Number(hours) * 60 + Number(minutes);
  if (total >= 24 * 60) return undefined;
  return `${total === 0 ? '+' : sign}${two(String(Math.floor(total / 60)))}:${two(String(total % 60))}`;
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

function two(digits: string): string {
  return digits.padStart(2, '0');
}
