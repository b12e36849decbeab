// What a reviewer likes in this browser. Must not hold anything that others should see.
const KEY = "countersign.preferences";

class Preferences {
  /** Whether a letter alone is a command; people who dictate switch it off. */
  singleKeys = $state(true);

  constructor() {
    try {
      this.singleKeys = JSON.parse(localStorage.getItem(KEY) ?? "{}").singleKeys ?? true;
    } catch {
      this.singleKeys = true;
    }
  }

  setSingleKeys(on: boolean): void {
    this.singleKeys = on;
    try {
      localStorage.setItem(KEY, JSON.stringify({ singleKeys: on }));
    } catch {
      // Kept for this visit only.
    }
  }
}

export const preferences = new Preferences();
