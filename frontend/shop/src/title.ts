import { useEffect } from "react";
import { settings } from "./settings";

/** Names the page in the browser's tab and history. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${settings.name}` : settings.name;
  }, [title]);
}
