import { said } from "../errors";
import { t } from "../i18n";
import { Notice } from "./notice";

/** What could not be loaded or done, in words, and another try where there is one. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => unknown }) {
  if (!error) return null;
  return (
    <Notice kind="bad">
      <p>{said(error)}</p>
      {retry && (
        <button type="button" className="button button-quiet" onClick={() => void retry()}>
          {t("Try again")}
        </button>
      )}
    </Notice>
  );
}
