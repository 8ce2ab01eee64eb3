/** Money, dates and words as shoppers read them. */

/** An amount of the API ("1299.00") in its currency, as "₹1,299" or "₹1,299.50". */
export function money(amount: string, currency: string): string {
  const whole = amount.endsWith(".00");
  const locale = currency === "INR" ? "en-IN" : undefined;
  const style = { style: "currency", currency, minimumFractionDigits: whole ? 0 : 2 } as const;
  return new Intl.NumberFormat(locale, style).format(Number(amount));
}

export function day(time: string): string {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" }).format(new Date(time));
}

export function moment(time: string): string {
  const style = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat("en-GB", style).format(new Date(time));
}

/** The part of `base` that a sale takes off, in whole per cent. */
export function percentOff(base: string, sale: string): number {
  return Math.round((1 - Number(sale) / Number(base)) * 100);
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-IN")} ${number === 1 ? one : many}`;
}
