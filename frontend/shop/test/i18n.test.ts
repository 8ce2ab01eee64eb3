// @vitest-environment happy-dom
import { afterAll, describe, expect, it } from "vitest";
import { money } from "../src/format";
import { setLanguage, t, tn } from "../src/i18n";

describe("words", () => {
  afterAll(() => setLanguage("en"));

  it("are English without a dictionary", async () => {
    await setLanguage("xx");
    expect(t("Add to bag")).toBe("Add to bag");
    expect(document.documentElement).toMatchObject({ lang: "en", dir: "ltr" });
    expect(tn(1, "{count} piece", "{count} pieces")).toBe("1 piece");
    expect(tn(1200, "{count} piece", "{count} pieces")).toBe("1,200 pieces");
  });

  it("read from right to left in Arabic, which has six forms of number", async () => {
    await setLanguage("ar");
    expect(document.documentElement).toMatchObject({ lang: "ar", dir: "rtl" });
    expect([0, 1, 2, 3, 11, 100].map((count) => tn(count, "{count} piece", "{count} pieces"))).toEqual([
      "لا قطع",
      "قطعة واحدة",
      "قطعتان",
      "3 قطع",
      "11 قطعة",
      "100 قطعة",
    ]);
  });

  it("write money as India does in Hindi", async () => {
    await setLanguage("hi");
    expect(t("Add to bag")).toBe("बैग में डालें");
    expect(money("123456.50", "INR")).toBe("₹1,23,456.50");
    expect(money("12.500", "KWD")).toContain("12.500");
    expect(money("500", "JPY")).toContain("500");
  });
});
