// Lets a part that scrolls be scrolled by keyboard: it takes the focus, and the arrows stay with it.
export function scrollable(element: HTMLElement): void {
  element.tabIndex = 0;
  element.dataset.scrolls = "";
}
