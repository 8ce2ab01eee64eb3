/** An address, as a fieldset of a form of the caller's. */

import { type FormEvent, useContext, useId, useState } from "react";
import type { AddressBody } from "../api";
import { countryName } from "../format";
import { t } from "../i18n";
import { placeOfPin } from "../postal-codes";
import { settings } from "../settings";
import type { PostalAddress } from "../types";
import { Field, FormContext, fieldError } from "./field";

interface Props {
  legend: string;
  value?: PostalAddress;
  /** What the API said of the address, where the form itself does not tell its fields. */
  error?: unknown;
}

export function AddressFields({ legend, value, error }: Props) {
  const wrong = (name: string) => fieldError(error, `/${name}`);
  const { kept } = useContext(FormContext);
  const [country, setCountry] = useState(kept.country ?? value?.country ?? settings.countries[0] ?? "IN");
  return (
    <fieldset className="address-form" onInput={(event) => country === "IN" && completePlace(event)}>
      <legend>{legend}</legend>
      <Field
        label={t("Recipient")}
        name="recipient"
        autoComplete="shipping name"
        maxLength={120}
        required
        defaultValue={value?.recipient}
        error={wrong("recipient")}
      />
      <Field
        label={t("Telephone")}
        name="phone"
        type="tel"
        autoComplete="shipping tel"
        hint={t("For the courier, such as +91 98765 43210")}
        pattern="\+?[0-9 \(\)\-]{7,20}"
        title={t("A telephone number has 7 to 15 digits, like +91 98765 43210.")}
        required
        defaultValue={value?.phone}
        error={wrong("phone")}
      />
      <Field
        label={t("House number and street")}
        name="street"
        autoComplete="shipping street-address"
        maxLength={200}
        required
        defaultValue={value?.street}
        error={wrong("street")}
      />
      <div className="field-pair">
        <Field
          label={country === "IN" ? t("PIN code") : t("Postal code")}
          name="postalCode"
          autoComplete="shipping postal-code"
          maxLength={12}
          {...(country === "IN" && {
            inputMode: "numeric" as const,
            pattern: "[1-9][0-9]{2} ?[0-9]{3}",
            title: t("A PIN code has six digits, like 560001."),
          })}
          required
          defaultValue={value?.postalCode}
          error={wrong("postalCode")}
        />
        <Field
          label={t("City")}
          name="city"
          autoComplete="shipping address-level2"
          maxLength={80}
          required
          defaultValue={value?.city}
          error={wrong("city")}
        />
      </div>
      <div className="field-pair">
        <Field
          label={t("State")}
          name="state"
          autoComplete="shipping address-level1"
          maxLength={80}
          required={country === "IN"}
          defaultValue={value?.state}
          error={wrong("state")}
        />
        <CountryChoice value={country} onChange={setCountry} />
      </div>
    </fieldset>
  );
}

function CountryChoice({ value, onChange }: { value: string; onChange: (country: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{t("Country")}</label>
      <select
        id={id}
        name="country"
        autoComplete="shipping country"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {settings.countries.map((code) => (
          <option key={code} value={code}>
            {countryName(code)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Once a PIN code is whole, fills in the state and the city that it stands for, where they are empty. */
function completePlace(event: FormEvent<HTMLFieldSetElement>): void {
  const { target } = event;
  if (!(target instanceof HTMLInputElement) || target.name !== "postalCode" || !target.form) return;
  const place = placeOfPin(target.value.replace(/\s/g, ""));
  for (const name of ["state", "city"] as const) {
    const input = target.form.elements.namedItem(name);
    if (place?.[name] && input instanceof HTMLInputElement && !input.value) input.value = place[name];
  }
}

/** The address in a form with `AddressFields`; numbers are taken with or without blanks and India's prefix. */
export function addressIn(form: HTMLFormElement): AddressBody {
  const given = new FormData(form);
  const text = (name: string) => String(given.get(name) ?? "").trim();
  const country = text("country");
  const phone = text("phone").replace(/[\s()-]/g, "");
  return {
    recipient: text("recipient"),
    phone: country === "IN" && /^[6-9]\d{9}$/.test(phone) ? `+91${phone}` : phone,
    street: text("street"),
    city: text("city"),
    state: text("state"),
    postalCode: text("postalCode").replace(/\s/g, ""),
    country: country as AddressBody["country"],
  };
}

export function AddressText({ address }: { address: PostalAddress }) {
  return (
    <address>
      <strong>{address.recipient}</strong>
      <br />
      {address.street}
      <br />
      {[address.postalCode, address.city, address.state].filter(Boolean).join(" ")}
      <br />
      {countryName(address.country)} · <span dir="ltr">{address.phone}</span>
    </address>
  );
}
