/** Money and dates as shoppers read them. Words are i18n.tsx's. */

import { locale } from "./i18n";

/** An amount of the API ("1299.00") in its currency, as "₹1,299" or "₹1,299.50". */
export function money(amount: string, currency: string): string {
  const whole = Number.isInteger(Number(amount));
  const style = { style: "currency", currency, ...(whole && { minimumFractionDigits: 0 }) } as const;
  return new Intl.NumberFormat(locale(), style).format(Number(amount));
}

/** Whether an amount of the API is nothing, however many decimals its currency has. */
export const isZero = (amount: string) => Number(amount) === 0;

export function day(time: string): string {
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short", year: "numeric" }).format(new Date(time));
}

export function moment(time: string): string {
  const style = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale(), style).format(new Date(time));
}

/** Days of the calendar ("2026-11-30") from the first to the last, as "30 Nov – 2 Dec" or "Monday, 30 November". */
export function days(from: string, until: string): string {
  const [first, last] = [new Date(`${from}T12:00Z`), new Date(`${until}T12:00Z`)];
  const short = new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short", timeZone: "UTC" });
  const long = new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  return from === until ? long.format(first) : short.formatRange(first, last);
}

/** The part of `base` that a sale takes off, in whole per cent. */
export function percentOff(base: string, sale: string): number {
  return Math.round((1 - Number(sale) / Number(base)) * 100);
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");
}

/** The name of a country ("IN") in the shopper's language. */
export function countryName(code: string): string {
  try {
    return new Intl.DisplayNames(locale(), { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}
