/** The browser's own modal dialog: it keeps the focus, closes on Escape, and gives the focus back. */

import { type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "../i18n";
import { Icon } from "./icon";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  /** Where it comes from, in a language that is read from left to right. */
  side?: "left" | "right";
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, side, wide = false, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && !dialog?.open) dialog?.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  const modal = wide ? "modal modal-wide" : "modal";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own; the click is on the backdrop
    <dialog
      ref={ref}
      className={side ? `drawer drawer-${side}` : modal}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {open && (
        <div className="dialog-in">
          <header className="dialog-head">
            <h2 id={id}>{title}</h2>
            <button type="button" className="icon-button" aria-label={t("Close")} onClick={onClose}>
              <Icon name="close" />
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
