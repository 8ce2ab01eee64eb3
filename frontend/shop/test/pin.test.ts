import { expect, it } from "vitest";
import { placeOfPin } from "../src/postal-codes";

it.each([
  ["560001", "Karnataka", "Bengaluru"],
  ["400050", "Maharashtra", "Mumbai"],
  ["400601", "Maharashtra", "Thane"],
  ["403001", "Goa", "Panaji"],
  ["110001", "Delhi", "New Delhi"],
  ["605001", "Puducherry", undefined],
  ["605602", "Tamil Nadu", undefined], // beside Puducherry, with its first three digits
  ["737101", "Sikkim", undefined],
  ["793001", "Meghalaya", undefined],
  ["194101", "Ladakh", undefined],
  ["500001", "Telangana", "Hyderabad"],
  ["263001", "Uttarakhand", undefined],
  ["744101", "Andaman and Nicobar Islands", undefined],
])("finds the place of PIN code %s", (pin, state, city) => {
  expect(placeOfPin(pin)).toEqual({ state, ...(city && { city }) });
});

it.each(["", "56000", "5600011", "060001", "abcdef"])("finds none for %o", (pin) => {
  expect(placeOfPin(pin)).toBeUndefined();
});
