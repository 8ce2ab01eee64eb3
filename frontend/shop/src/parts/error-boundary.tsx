/** Whatever goes wrong while a page is drawn: words and a way on, instead of a white page. */

import { Component, type ReactNode } from "react";
import { t } from "../i18n";
import { PageGone } from "../lazy-page";
import { href } from "../settings";

interface Props {
  children: ReactNode;
}

export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidMount(): void {
    addEventListener("online", this.#reload);
  }

  override componentWillUnmount(): void {
    removeEventListener("online", this.#reload);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="page empty" role="alert">
        <h1>{t("This page cannot be shown")}</h1>
        <p>{reason(error)}</p>
        <p className="actions actions-center">
          <button type="button" className="button" onClick={() => location.reload()}>
            {t("Load it again")}
          </button>
          {/* Not a link of the router's, which may be what is broken. */}
          <a href={href("/")} className="button button-quiet">
            {t("To the start")}
          </a>
        </p>
      </div>
    );
  }

  /** What was missing for want of a network can be had now. */
  readonly #reload = () => this.state.error instanceof PageGone && location.reload();
}

function reason(error: Error): string {
  if (navigator.onLine === false) return t("You are offline. We load the page as soon as you are back.");
  if (error instanceof PageGone) return t("A part of the shop did not arrive. Your bag is safe.");
  return t("Something went wrong on our side. Your bag is safe.");
}
