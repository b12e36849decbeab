// The parts of the page that the first view does without: fetched while the first draft is read, so
// that none is waited for. What must work without a connection (sign-in, notices) is not among them.
import { policy } from "./policy.svelte";
import { staff } from "./state/staff.svelte";

export const later = {
  batchPanel: () => import("./components/BatchPanel.svelte"),
  handover: () => import("./components/Handover.svelte"),
  actionForm: () => import("./components/ActionForm.svelte"),
  choicePanel: () => import("./components/ChoicePanel.svelte"),
  editor: () => import("./components/Editor.svelte"),
  beside: () => import("./components/Beside.svelte"),
  queueStrain: () => import("./components/QueueStrain.svelte"),
  teamPace: () => import("./components/TeamPace.svelte"),
  firstSteps: () => import("./components/FirstSteps.svelte"),
  undoBar: () => import("./components/UndoBar.svelte"),
  personMenu: () => import("./components/PersonMenu.svelte"),
  help: () => import("./components/Help.svelte"),
};

/** Fetches all of them, and the policy crate; one that fails is asked for again when it is needed. */
export const fetchLater = () => Promise.allSettled([policy.load(), staff.load(), ...Object.values(later).map((part) => part())]);
