// Keeps the focus within a view: where what had it is taken away, a row that is removed or a question that is
// answered, the heading of the nearest part that still stands has it. Must not take it from anything that has it.
export function keepsFocus(view: HTMLElement): () => void {
  /** What had the focus last, and all that it stands in. */
  let places: Element[] = [];
  function took({ target }: FocusEvent) {
    places = [];
    for (let place = target as Element | null; place && view.contains(place); place = place.parentElement) places.push(place);
  }
  // Whoever presses beside everything has left by themselves.
  const left = () => queueMicrotask(() => places[0]?.matches(":enabled, a, summary, [tabindex]") && places[0].isConnected && document.activeElement === document.body && (places = []));
  const observer = new MutationObserver(() => {
    const [had] = places;
    if (!(had instanceof HTMLElement) || document.activeElement !== document.body) return;
    // What could not be pressed for a moment takes it back.
    if (had.isConnected) return had.matches(":disabled") ? undefined : had.focus({ preventScroll: true });
    const heading = places.map((place) => place.isConnected && place.querySelector<HTMLElement>("h2, h3")).find(Boolean);
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });
  observer.observe(view, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  view.addEventListener("focusin", took);
  view.addEventListener("focusout", left);
  return () => observer.disconnect();
}
