/** An address, as a fieldset of a form of the caller's. */

import type { AddressBody } from "../api";
import type { PostalAddress } from "../types";
import { Field, fieldError } from "./field";

const COUNTRIES = {
  IN: "India",
  AE: "United Arab Emirates",
  GB: "United Kingdom",
  SG: "Singapore",
  US: "United States",
};

interface Props {
  legend: string;
  value?: PostalAddress;
  error: unknown;
  /** Where in the body the address stands: "" or "/shippingAddress". */
  at?: string;
}

export function AddressFields({ legend, value, error, at = "" }: Props) {
  const wrong = (name: string) => fieldError(error, `${at}/${name}`);
  return (
    <fieldset className="address-form">
      <legend>{legend}</legend>
      <Field
        label="Recipient"
        name="recipient"
        autoComplete="shipping name"
        maxLength={120}
        required
        defaultValue={value?.recipient}
        error={wrong("recipient")}
      />
      <Field
        label="Telephone"
        name="phone"
        type="tel"
        autoComplete="shipping tel"
        hint="With the country code: +91 98765 43210"
        placeholder="+91"
        required
        defaultValue={value?.phone}
        error={wrong("phone")}
      />
      <Field
        label="House number and street"
        name="street"
        autoComplete="shipping street-address"
        maxLength={200}
        required
        defaultValue={value?.street}
        error={wrong("street")}
      />
      <div className="field-pair">
        <Field
          label="Postal code"
          name="postalCode"
          autoComplete="shipping postal-code"
          maxLength={12}
          required
          defaultValue={value?.postalCode}
          error={wrong("postalCode")}
        />
        <Field
          label="City"
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
          label="State"
          name="state"
          autoComplete="shipping address-level1"
          maxLength={80}
          defaultValue={value?.state}
          error={wrong("state")}
        />
        <label className="field">
          Country
          <select name="country" autoComplete="shipping country" defaultValue={value?.country ?? "IN"}>
            {Object.entries(COUNTRIES).map(([code, country]) => (
              <option key={code} value={code}>
                {country}
              </option>
            ))}
          </select>
        </label>
      </div>
    </fieldset>
  );
}

/** The address in a form with `AddressFields`; a telephone number is taken with or without blanks. */
export function addressIn(form: HTMLFormElement): AddressBody {
  const given = new FormData(form);
  const text = (name: string) => String(given.get(name) ?? "").trim();
  return {
    recipient: text("recipient"),
    phone: text("phone").replace(/[\s()-]/g, ""),
    street: text("street"),
    city: text("city"),
    state: text("state"),
    postalCode: text("postalCode").replace(/\s/g, ""),
    country: text("country") as AddressBody["country"],
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
      {COUNTRIES[address.country as keyof typeof COUNTRIES] ?? address.country} · {address.phone}
    </address>
  );
}
