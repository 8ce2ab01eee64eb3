/**
 * The state, and for large cities the city, that an Indian PIN code stands for.
 *
 * The first digits name a circle and its sorting district. Source: India Post's PIN structure (first digit: region,
 * second: circle, third: district), with the districts of small states and union territories set apart.
 */

const STATES: Record<string, string> = {
  Delhi: "11",
  Haryana: "12 13",
  Punjab: "140 141 142 143 144 145 146 147 148 15 16",
  Chandigarh: "1600 1601",
  "Himachal Pradesh": "17",
  "Jammu and Kashmir": "18 19",
  Ladakh: "194",
  "Uttar Pradesh": "20 21 22 23 24 25 26 27 28",
  Uttarakhand: "244712 2447 246 248 249 262 263",
  Rajasthan: "30 31 32 33 34",
  Gujarat: "36 37 38 39",
  "Dadra and Nagar Haveli and Daman and Diu": "362520 396210 396220 396230 396240",
  Maharashtra: "40 41 42 43 44",
  Goa: "403",
  "Madhya Pradesh": "45 46 47 48",
  Chhattisgarh: "49",
  Telangana: "50",
  "Andhra Pradesh": "51 52 53",
  Karnataka: "56 57 58 59",
  "Tamil Nadu": "60 61 62 63 64",
  Puducherry: "605001 605002 605003 605004 605005 605006 605007 605008 605009 605010 605011 605013",
  Kerala: "67 68 69",
  Lakshadweep: "68255",
  "West Bengal": "70 71 72 73 74",
  Sikkim: "737",
  "Andaman and Nicobar Islands": "744",
  Odisha: "75 76 77",
  Assam: "78",
  "Arunachal Pradesh": "790 791 792",
  Meghalaya: "793 794",
  Manipur: "795",
  Mizoram: "796",
  Nagaland: "797 798",
  Tripura: "799",
  Bihar: "80 81 82 84 85",
  Jharkhand: "814 815 816 825 826 827 828 829 83",
};

const CITIES: Record<string, string> = {
  "New Delhi": "1100",
  Gurugram: "1220",
  Faridabad: "1210",
  Ludhiana: "1410",
  Amritsar: "1430",
  Jalandhar: "1440",
  Chandigarh: "1600",
  Shimla: "1710",
  Jammu: "1800",
  Srinagar: "1900",
  Ghaziabad: "2010",
  Noida: "2013",
  Kanpur: "2080",
  Prayagraj: "2110",
  Varanasi: "2210",
  Lucknow: "2260",
  Dehradun: "2480",
  Agra: "2820",
  Jaipur: "3020",
  Udaipur: "3130",
  Jodhpur: "3420",
  Rajkot: "3600",
  Ahmedabad: "3800",
  Vadodara: "3900",
  Surat: "3950",
  Mumbai: "4000 4001",
  Thane: "4006",
  "Navi Mumbai": "4007",
  Panaji: "4030",
  Pune: "4110",
  Nashik: "4220",
  Aurangabad: "4310",
  Nagpur: "4400",
  Indore: "4520",
  Bhopal: "4620",
  Gwalior: "4740",
  Jabalpur: "4820",
  Raipur: "4920",
  Hyderabad: "5000",
  Vijayawada: "5200",
  Visakhapatnam: "5300",
  Bengaluru: "5600 5601",
  Mysuru: "5700",
  Mangaluru: "5750",
  Chennai: "6000 6001",
  Madurai: "6250",
  Coimbatore: "6410",
  Kozhikode: "6730",
  Kochi: "6820",
  Thiruvananthapuram: "6950",
  Kolkata: "7000 7001",
  Howrah: "7111",
  Siliguri: "7340",
  Bhubaneswar: "7510",
  Guwahati: "7810",
  Patna: "8000",
  Ranchi: "8340",
  Jamshedpur: "8310",
};

export interface Place {
  state: string;
  city?: string;
}

/** Returns the place of a PIN code of six digits, or undefined where there is none. */
export function placeOfPin(pin: string): Place | undefined {
  if (!/^[1-9]\d{5}$/.test(pin)) return undefined;
  const state = longestPrefix(STATES, pin);
  const city = longestPrefix(CITIES, pin);
  return state ? { state, ...(city && { city }) } : undefined;
}

function longestPrefix(table: Record<string, string>, pin: string): string | undefined {
  let found = "";
  let name: string | undefined;
  for (const [each, prefixes] of Object.entries(table)) {
    for (const prefix of prefixes.split(" ")) {
      if (prefix.length > found.length && pin.startsWith(prefix)) [found, name] = [prefix, each];
    }
  }
  return name;
}
