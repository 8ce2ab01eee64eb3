import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type AddressBody, addAddress, addresses, changeAddress, refresh, removeAddress } from "../api";
import { said } from "../errors";
import { t } from "../i18n";
import type { Address } from "../types";
import { AddressFields, AddressText, addressIn } from "./address-form";
import { Dialog } from "./dialog";
import { Notice } from "./notice";
import { Bone } from "./skeleton";

const changed = () => refresh(addresses().queryKey);

export function Addresses() {
  const { data, error } = useQuery(addresses());
  const [editing, setEditing] = useState<Address | "new" | null>(null);
  const remove = useMutation({ mutationFn: removeAddress, onSettled: changed });
  const makeDefault = useMutation({
    mutationFn: (id: string) => changeAddress(id, { isDefault: true }),
    onSettled: changed,
  });
  const trouble = error ?? remove.error ?? makeDefault.error;
  const old = editing === "new" ? null : editing;
  return (
    <>
      {trouble && <Notice kind="bad">{said(trouble)}</Notice>}
      {!data && !error && <Bone shape="box" />}
      {data?.items.length === 0 && (
        <p className="hint">{t("No address is kept yet. The checkout fills in those that are.")}</p>
      )}
      <ul className="address-list">
        {data?.items.map((address) => (
          <li key={address.id}>
            <AddressText address={address} />
            <p className="actions">
              {address.isDefault ? (
                <span className="tag">{t("Default")}</span>
              ) : (
                <button type="button" className="link" onClick={() => makeDefault.mutate(address.id)}>
                  {t("Make default")}
                </button>
              )}
              <button type="button" className="link" onClick={() => setEditing(address)}>
                {t("Change")}
                <span className="visually-hidden"> {address.street}</span>
              </button>
              <button
                type="button"
                className="link"
                disabled={remove.isPending}
                onClick={() => remove.mutate(address.id)}
              >
                {t("Remove")}
                <span className="visually-hidden"> {address.street}</span>
              </button>
            </p>
          </li>
        ))}
      </ul>
      <button type="button" className="button" onClick={() => setEditing("new")}>
        {t("Add an address")}
      </button>
      <Dialog
        open={editing !== null}
        onClose={() => setEditing(null)}
        title={old ? t("Change the address") : t("A new address")}
      >
        <AddressForm address={old} onDone={() => setEditing(null)} />
      </Dialog>
    </>
  );
}

function AddressForm({ address, onDone }: { address: Address | null; onDone: () => void }) {
  const save = useMutation({
    mutationFn: (body: AddressBody) => (address ? changeAddress(address.id, body) : addAddress(body)),
    onSuccess: () => {
      void changed();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(addressIn(event.currentTarget));
  };
  return (
    <form onSubmit={submit}>
      {save.error && <Notice kind="bad">{said(save.error)}</Notice>}
      <AddressFields legend={t("Address")} value={address ?? undefined} error={save.error} />
      <button type="submit" className="button" disabled={save.isPending}>
        {t("Save")}
      </button>
    </form>
  );
}
