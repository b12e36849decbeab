// Every word of the trust view, ready for translation. Must not hold logic beyond putting values into
// sentences.
import { number, percent } from "../../format";
import type { LevelChange, Missing } from "../shapes";
import { many } from "../../texts";

const lost: Record<string, string> = {
  harmful_high_stakes: "a release of high stakes was harmful",
  failure_rate: "failures came faster than the level allows",
  drift: "customers write of other things than when the level was earned",
  too_few_labels: "too few releases were looked at",
};

const stale: Record<string, string> = {
  policy_changed: "the policy has changed since",
  level_changed: "the level has changed since",
  version_changed: "another version of the agent posts by now",
  above_ceiling: "the policy's ceiling is lower",
  resting: "the category rests after its last step",
  evidence_changed: "a verdict since then speaks against it",
  proposal_expired: "it has run out",
};

export const words = {
  title: "Trust",
  intro: "What each category has earned, on the evidence of verdicts; how far it is from more autonomy, and what was lost.",
  failed: "Trust could not be loaded.",
  retry: "Try again",
  week: (week: string, day: string) => `Week ${week.replace(/^\d+-W/, "")}, ${day}`,
  print: "Print the weekly report",
  report: (tenant: string) => `Trust report, ${tenant}`,
  lately: "The last four weeks",
  of: (interval: string) => `with 95% certainty ${interval}`,
  between: (low: string, high: string) => `${low} to ${high}`,
  unknown: "–",
  tiles: {
    accuracy: "Approved as drafted", correction: "Corrected", coverage: "Went out by itself", verdict: "Seconds per verdict", saved: "Reviewing saved",
    reviewed: (count: number) => `of ${many(count, "draft", "drafts")} reviewed`,
    labelled: "edited in substance, rejected, or found wrong afterwards",
    of: (count: number) => `of ${many(count, "draft", "drafts")}`,
    mean: "on average, from shown to verdict",
    spent: (time: string) => `${time} spent on verdicts`,
  },
  minutes: (s: number) => (s < 5_400 ? `${number(Math.round(s / 60))} min` : `${number(Math.round(s / 360) / 10)} h`),

  charts: {
    title: "Week by week",
    whose: "Category",
    all: "All categories",
    accuracy: "Approved as drafted",
    mix: "What reviewers did",
    coverage: "Went out by itself",
    none: "No week has drafts yet.",
    table: "As a table",
    week: "Week from",
    drafts: "Drafts", reviewed: "Reviewed",
    kinds: { unedited: "approved as drafted", cosmetic: "edited in wording", substantive: "edited in substance", rejected: "rejected, or found wrong later", responded: "written by a person" } as Record<string, string>,
    share: "Share", interval: "95% certain",
  },

  categories: {
    title: "Categories",
    columns: { category: "Category", level: "Level", accuracy: "As drafted", coverage: "Goes out", next: "Next step" },
    none: "No category has drafts yet: each one appears here with its first.",
    noCategory: "without a category",
    nobody: "no draft yet",
    top: "as far as it goes",
    levels: { 1: "review everything", 2: "review edge cases", 3: "monitor and correct" } as Record<number, string>,
    level: (level: number) => `Level ${level}`,
    version: (agent: string, version: string) => (version ? `${agent}, ${version}` : agent),
    newVersion: "new version: looked at more often",
    earlier: "an earlier version",
    labels: (count: number) => many(count, "label", "labels"),
    ready: "Ready: both rules hold.",
    toGo: (count: number) => `${many(count, "more clean draft", "more clean drafts")} without a failure would do`,
    progress: (have: number) => `${number(have)} of 100 labels`,
    missing: (one: Missing): string => {
      switch (one.kind) {
        case "labels": return `labels: ${number(one.have)} of ${number(one.need)}`;
        case "days": return `days on record: ${number(one.have)} of ${number(one.need)}`;
        case "clean": return `approved as drafted, of the last 100: ${number(one.have)}, ${number(one.need)} needed`;
        case "failures": return `edited in substance, rejected or found wrong later, of the last 100: ${number(one.have)}, none allowed`;
        case "bound": return `certain by now: at least ${percent(one.have)} right, ${percent(one.need)} needed`;
      }
    },
    reasons: { top_level: "as far as levels go", at_ceiling: "the policy's ceiling", resting: "rests after its last step", not_ready: "not ready yet" } as Record<string, string>,
    escalation: {
      unknown: "Too little is known to say whether people are asked too often", balanced: "People are asked about as often as it takes",
      too_often: "People are asked too often: nearly all they see is approved unchanged", too_rarely: "People are asked too rarely: too much that went out was wrong",
      misplaced: "People are asked about the wrong drafts: what they see is fine, and what goes out is not",
    } as Record<string, string>,
    watch: (points: string, of: string) => `Watch: ${points} of ${of} points against it`,
    looks: (have: number, need: number) => `${number(have)} looks at releases in 13 weeks, ${number(need)} needed`,
    threshold: {
      learnt: (share: string, labels: string) => `Confidence needed: ${share}, learnt from ${labels}`,
      fixed: (share: string, labels: string) => `Confidence needed: ${share}, the policy's number; not enough to learn from (${labels})`,
      uninformative: (_: string, labels: string) => `Stated confidence says nothing here (${labels}): nothing is released by it`,
    } as Record<string, (share: string, labels: string) => string>,
    leftOut: (count: number) => `${many(count, "verdict", "verdicts")} did not count as evidence`,
  },

  proposals: {
    title: "Proposed steps",
    none: "Nothing is proposed. A step up is proposed once a category is ready; only a lead can confirm it.",
    step: (category: string, from: number, to: number) => `${category}: level ${from} → ${to}`,
    means: (to: number) => (to === 2 ? "Drafts without a signal would go out by themselves." : "All but what must never go out would go out by itself."),
    evidence: (labelled: number, clean: number, cosmetic: number, failed: number) => `Of the last ${number(labelled)} labelled drafts ${number(clean)} were approved as drafted, ${number(cosmetic)} edited in wording, ${number(failed)} edited in substance, rejected or found wrong later.`,
    bound: (share: string, weeks: number) => `At least ${share} of such drafts are right, looking back ${many(weeks, "week", "weeks")}.`,
    backtest: "Backtest",
    nothingRecorded: "no draft of it is on record yet.",
    edits: (count: number) => `The ${many(count, "edit", "edits")} behind it`,
    until: (when: string) => `open until ${when}`,
    stale: (code: string) => `It can't be confirmed as things stand: ${stale[code] ?? code.replaceAll("_", " ")}.`,
    reason: "Why? (needed to decline)",
    confirm: "Confirm the step",
    decline: "Decline",
    only: "Only a lead can answer.",
    refused: (why: string) => `Refused: ${why}`,
    confirmed: "Confirmed: the level is raised.",
    declined: "Declined: the level stays.",
    by: (who: string, version: string) => (version ? `${who}, ${version}` : who),
  },

  pressure: {
    title: (open: number, full: number) => (open < full ? "The queue is filling up." : "The queue is full."),
    body: (open: number, full: number) =>
      `${number(open)} of ${number(full)} drafts wait. The more do, the less of what goes out is looked at: never less than each category's floor, and nothing goes out that should wait.`,
  },

  changes: {
    title: "Levels raised and lost",
    none: "No level has changed yet.",
    what: (change: LevelChange) => `${change.category}: level ${change.from} → ${change.to}`,
    causes: {
      ...lost, confirmed: "a lead confirmed it", confirmed_by_policy: "the policy confirms such steps by itself", lowered: "lowered by hand",
      declared_equivalent: "declared as good as an earlier version", ceiling: "the policy's ceiling was lowered",
    } as Record<string, string>,
    detail: (change: LevelChange): string => {
      const detail = change.detail;
      if (!detail) return "";
      if ("points" in detail) return `${number(detail.points / 1_000)} of ${number(detail.points_max / 1_000)} points`;
      if ("have" in detail) return `${number(detail.have)} of ${number(detail.need)}`;
      return "";
    },
    by: (who: string) => `by ${who}`,
    itself: "by itself",
  },
};
