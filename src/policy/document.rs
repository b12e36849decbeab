//! The policy document: guardrails, action catalogue, and the rules of each category. It must not
//! hold live state: a category's level is earned, and the document only says where it starts and
//! how far it may go.

mod reading;

use crate::case::{self, Case};
use crate::catalogue::Catalogue;
use crate::draft::{Draft, NAME_BYTES_MAX};
use crate::guardrail::{Guardrail, WeekSpan};
use crate::invalid::{Invalid, bound_list, bound_text, escape};
use crate::level::Level;
use crate::limits::Limits;
use crate::ratio::Ratio;
use crate::route::{Guess, Route};
use crate::signal::SignalRules;
use crate::threshold::ConfidenceThreshold;
use crate::vigilance::Vigilance;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A whole document.
pub const POLICY_BYTES_MAX: u32 = 256 * 1024;
/// Rules that a person reads aloud in one sitting, ten times over.
pub const GUARDRAILS_MAX: u32 = 200;
/// Categories of one tenant.
pub const CATEGORIES_MAX: u32 = 1_000;
/// Actions of one tenant.
pub const ACTIONS_MAX: u32 = 1_000;
/// Seconds within which a verdict can be taken back.
pub const UNDO_WINDOW_S_MAX: u32 = 60;
/// Looks a week at one category: one a minute, all week.
pub const WEEKLY_LOOKS_MAX: u32 = 10_000;
/// Open drafts of a full queue: as many as one object holds with ease.
pub const QUEUE_FULL_AT_MAX: u32 = 100_000;
/// Spans of the working week: four a day.
pub const WORKING_SPANS_MAX: u32 = 28;
/// A year: the longest deadline.
pub const DEADLINE_S_MAX: u32 = 366 * 24 * 3_600;

/// One version of a tenant's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// As the tenant calls it.
    pub name: String,
    /// In order: the first that matches wins.
    #[serde(default)]
    pub guardrails: Vec<Guardrail>,
    /// What each action is.
    #[serde(default)]
    pub actions: Catalogue,
    /// Rules of every category that says nothing else.
    pub defaults: Rules,
    /// What a category says differently.
    #[serde(default)]
    pub categories: BTreeMap<String, CategoryRules>,
    /// The tenant's IANA time zone, for weeks and for conditions on local time.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Seconds within which a verdict can be taken back, before anything leaves: 0 to 60.
    #[serde(default = "default_undo_window_s")]
    pub undo_window_s: u32,
    /// Open drafts at which the queue counts as full: from half of it on less of what went out is
    /// sampled. 1 to 100,000.
    #[serde(default = "default_queue_full_at")]
    pub queue_full_at: u32,
    /// Whether a change that lets more out needs a second lead; taking this back does, too.
    #[serde(default)]
    pub second_lead: bool,
    /// Whether someone may let out what came by a key that they made or rotated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_approval: bool,
    /// Whether reviewers who serve certain categories read nothing of others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_by_category: bool,
    /// The spans of the local week in which people work, for deadlines that count only these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub working_hours: Vec<WeekSpan>,
    /// How much its agents may ask.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// Known-bad drafts that measure whether reviewers look.
    #[serde(default, skip_serializing_if = "Vigilance::is_off")]
    pub vigilance: Vigilance,
    /// What it adds to the signals.
    #[serde(default, skip_serializing_if = "SignalRules::is_default")]
    pub signals: SignalRules,
    /// Drafts and the routes that they must get; a policy that breaks one is not saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
}

/// The rules of a category, complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Where a new category starts.
    pub start_level: Level,
    /// How far it may ever go.
    pub ceiling: Level,
    /// Below this the stated confidence is a signal: a number, or `"calibrated"` for what the
    /// category's labels teach.
    pub confidence_threshold: ConfidenceThreshold,
    /// Share of released drafts that a person looks at afterwards.
    pub sample_rate: Ratio,
    /// Looks that a week needs at the least: the rate rises where they lag. 0 to 10,000.
    #[serde(default)]
    pub weekly_looks_min: u32,
    /// What a full queue lowers the rate to.
    #[serde(default = "default_sample_floor")]
    pub sample_floor: Ratio,
    /// Share of released drafts that may be wrong.
    pub error_budget: Ratio,
    /// The one who answers for what this category releases.
    pub owner: String,
    /// Seconds after which a held draft is late.
    pub deadline_s: u32,
    /// Whether only the policy's working hours count towards the deadline.
    #[serde(default)]
    pub in_working_hours: bool,
    /// What becomes of a late draft; never approval, never rejection.
    pub on_expiry: OnExpiry,
    /// Seconds within which an agent says what became of what it may send; 0 asks for nothing.
    #[serde(default = "default_outcome_s")]
    pub outcome_s: u32,
    /// Whether a second person confirms a verdict before anything leaves.
    #[serde(default)]
    pub four_eyes: bool,
    /// Share of approvals, given together or faster than one can read, that another person looks at
    /// without knowing of the first: only what they agree on is evidence.
    #[serde(default, skip_serializing_if = "Ratio::is_zero")]
    pub second_look_rate: Ratio,
    /// Whether the policy confirms a step up that was earned, instead of a lead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms_levels: bool,
    /// Reasons that a reviewer may give for a rejection, by one key each.
    #[serde(default)]
    pub reject_reasons: Vec<String>,
}

/// What a category says differently; absent fields follow the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CategoryRules {
    /// See [`Rules::start_level`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_level: Option<Level>,
    /// See [`Rules::ceiling`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Level>,
    /// See [`Rules::confidence_threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_threshold: Option<ConfidenceThreshold>,
    /// See [`Rules::sample_rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<Ratio>,
    /// See [`Rules::weekly_looks_min`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly_looks_min: Option<u32>,
    /// See [`Rules::sample_floor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_floor: Option<Ratio>,
    /// See [`Rules::error_budget`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_budget: Option<Ratio>,
    /// See [`Rules::owner`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// See [`Rules::deadline_s`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<u32>,
    /// See [`Rules::in_working_hours`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_working_hours: Option<bool>,
    /// See [`Rules::on_expiry`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_expiry: Option<OnExpiry>,
    /// See [`Rules::outcome_s`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_s: Option<u32>,
    /// See [`Rules::four_eyes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<bool>,
    /// See [`Rules::second_look_rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_look_rate: Option<Ratio>,
    /// See [`Rules::confirms_levels`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirms_levels: Option<bool>,
    /// See [`Rules::reject_reasons`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_reasons: Option<Vec<String>>,
}

/// What becomes of a draft that nobody answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// The agent is told "no answer".
    Expire,
    /// It becomes a person's.
    Human,
}

fn default_zone() -> String {
    "UTC".into()
}

fn default_undo_window_s() -> u32 {
    8
}

/// A day.
fn default_outcome_s() -> u32 {
    24 * 3_600
}

fn default_queue_full_at() -> u32 {
    500
}

fn default_sample_floor() -> Ratio {
    Ratio::from_ppm(20_000)
}

impl Policy {
    /// The policy that a new tenant starts with: everything is reviewed, by the lead.
    pub fn starting(lead: &str) -> Self {
        Self {
            name: "start".into(),
            guardrails: Vec::new(),
            actions: Catalogue::new(),
            defaults: Rules {
                start_level: Level::ReviewEverything,
                ceiling: Level::MonitorAndCorrect,
                confidence_threshold: ConfidenceThreshold::Fixed(Ratio::from_ppm(800_000)),
                sample_rate: Ratio::from_ppm(100_000),
                weekly_looks_min: 0,
                sample_floor: default_sample_floor(),
                error_budget: Ratio::from_ppm(50_000),
                owner: lead.to_owned(),
                deadline_s: 4 * 3_600,
                in_working_hours: false,
                on_expiry: OnExpiry::Human,
                outcome_s: default_outcome_s(),
                four_eyes: false,
                second_look_rate: Ratio::ZERO,
                confirms_levels: false,
                reject_reasons: [
                    "wrong facts",
                    "wrong tone",
                    "not our policy",
                    "needs a person",
                ]
                .map(str::to_owned)
                .to_vec(),
            },
            categories: BTreeMap::new(),
            zone: default_zone(),
            undo_window_s: default_undo_window_s(),
            queue_full_at: default_queue_full_at(),
            second_lead: false,
            self_approval: false,
            reads_by_category: false,
            working_hours: Vec::new(),
            limits: Limits::default(),
            vigilance: Vigilance::default(),
            signals: SignalRules::default(),
            cases: Vec::new(),
        }
    }

    /// Whether it measures how well reviewers look: by known-bad drafts, or by second looks that do
    /// not know of the first.
    pub fn measures_looks(&self) -> bool {
        let mut own = self
            .categories
            .values()
            .filter_map(|rules| rules.second_look_rate);
        let second = !self.defaults.second_look_rate.is_zero() || own.any(|rate| !rate.is_zero());
        second || !self.vigilance.is_off()
    }

    /// Reads and checks a document; all faults are returned, and then nothing changes.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<Invalid>> {
        if u32::try_from(text.len()).unwrap_or(u32::MAX) > POLICY_BYTES_MAX {
            return Err(vec![Invalid::too_long("", POLICY_BYTES_MAX, "bytes")]);
        }
        let policy: Self =
            crate::invalid::parse(text).map_err(|first| reading::every_fault(text, first))?;
        let faults = policy.faults();
        if faults.is_empty() {
            Ok(policy)
        } else {
            Err(faults)
        }
    }

    /// Whether the policy has rules of its own for the category.
    pub fn knows(&self, category: &str) -> bool {
        self.categories.contains_key(category)
    }

    /// The complete rules of a category; the defaults for one that is missing or unknown, which
    /// starts at the first level whatever the defaults say.
    pub fn rules(&self, category: Option<&str>) -> Rules {
        let defaults = self.defaults.clone();
        let Some(own) = category.and_then(|category| self.categories.get(category)) else {
            return defaults.without_autonomy();
        };
        Rules {
            start_level: own.start_level.unwrap_or(defaults.start_level),
            ceiling: own.ceiling.unwrap_or(defaults.ceiling),
            confidence_threshold: own
                .confidence_threshold
                .unwrap_or(defaults.confidence_threshold),
            sample_rate: own.sample_rate.unwrap_or(defaults.sample_rate),
            weekly_looks_min: own.weekly_looks_min.unwrap_or(defaults.weekly_looks_min),
            sample_floor: own.sample_floor.unwrap_or(defaults.sample_floor),
            error_budget: own.error_budget.unwrap_or(defaults.error_budget),
            owner: own.owner.clone().unwrap_or(defaults.owner),
            deadline_s: own.deadline_s.unwrap_or(defaults.deadline_s),
            in_working_hours: own.in_working_hours.unwrap_or(defaults.in_working_hours),
            on_expiry: own.on_expiry.unwrap_or(defaults.on_expiry),
            outcome_s: own.outcome_s.unwrap_or(defaults.outcome_s),
            four_eyes: own.four_eyes.unwrap_or(defaults.four_eyes),
            second_look_rate: own.second_look_rate.unwrap_or(defaults.second_look_rate),
            confirms_levels: own.confirms_levels.unwrap_or(defaults.confirms_levels),
            reject_reasons: own
                .reject_reasons
                .clone()
                .unwrap_or(defaults.reject_reasons),
        }
    }

    /// The rules that a draft is under: its category's; where it names none, those of the category
    /// that memory guesses, but for its level: autonomy is earned by name.
    pub fn rules_for(&self, draft: &Draft, guess: Option<&Guess>) -> Rules {
        let guessed = guess.filter(|guess| draft.category.is_none() && guess.is_likely());
        match guessed.filter(|guess| self.knows(&guess.category)) {
            None => self.rules(draft.category.as_deref()),
            Some(guess) => self.rules(Some(&guess.category)).without_autonomy(),
        }
    }

    /// Every fault of the document, each with the JSON pointer of its field.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        if self.undo_window_s > UNDO_WINDOW_S_MAX {
            faults.push(Invalid::field("/undo_window_s", "not between 0 and 60"));
        }
        if !(1..=QUEUE_FULL_AT_MAX).contains(&self.queue_full_at) {
            let detail = "not between 1 and 100,000";
            faults.push(Invalid::field("/queue_full_at", detail));
        }
        bound_text(&mut faults, "/zone", &self.zone, NAME_BYTES_MAX);
        bound_list(
            &mut faults,
            "/working_hours",
            &self.working_hours,
            WORKING_SPANS_MAX,
        );
        if self.working_hours.iter().any(|span| !span.is_sound()) {
            faults.push(Invalid::field("/working_hours", "not a span of the week"));
        }
        bound_list(&mut faults, "/guardrails", &self.guardrails, GUARDRAILS_MAX);
        self.guardrail_faults(&mut faults);
        self.limits.faults(&mut faults);
        self.signals.faults(&mut faults);
        for (pointer, count, limit) in [
            ("/actions", self.actions.len(), ACTIONS_MAX),
            ("/categories", self.categories.len(), CATEGORIES_MAX),
        ] {
            if u32::try_from(count).unwrap_or(u32::MAX) > limit {
                faults.push(Invalid::too_long(pointer, limit, "items"));
            }
        }
        for (name, entry) in &self.actions {
            entry.faults(&format!("/actions/{}", escape(name)), &mut faults);
        }
        self.defaults.faults("/defaults", &mut faults);
        for name in self.categories.keys() {
            let pointer = format!("/categories/{}", escape(name));
            bound_text(&mut faults, &pointer, name, NAME_BYTES_MAX);
            self.rules(Some(name)).faults(&pointer, &mut faults);
        }
        case::faults(&self.cases, &mut faults);
        faults
    }

    fn guardrail_faults(&self, faults: &mut Vec<Invalid>) {
        let mut names = BTreeSet::new();
        for (index, guardrail) in self.guardrails.iter().enumerate() {
            let pointer = format!("/guardrails/{index}");
            if guardrail.name.trim().is_empty() {
                faults.push(Invalid::field(format!("{pointer}/name"), "empty"));
            }
            bound_text(
                faults,
                &format!("{pointer}/name"),
                &guardrail.name,
                NAME_BYTES_MAX,
            );
            bound_text(
                faults,
                &format!("{pointer}/because"),
                &guardrail.because,
                1_024,
            );
            if !names.insert(&guardrail.name) {
                let detail = format!("`{}` stands twice", guardrail.name);
                faults.push(Invalid::field(format!("{pointer}/name"), detail));
            }
            if guardrail.route == Route::Release && guardrail.because.trim().is_empty() {
                let detail = "a rule that releases says why";
                faults.push(Invalid::field(format!("{pointer}/because"), detail));
            }
            guardrail.when.faults(&format!("{pointer}/when"), 0, faults);
        }
    }
}

impl Rules {
    /// The same, at level 1 for good.
    pub(crate) fn without_autonomy(self) -> Self {
        Self {
            start_level: Level::ReviewEverything,
            ceiling: Level::ReviewEverything,
            ..self
        }
    }

    fn faults(&self, pointer: &str, faults: &mut Vec<Invalid>) {
        if self.start_level > self.ceiling {
            faults.push(Invalid::field(
                format!("{pointer}/start_level"),
                "above the ceiling",
            ));
        }
        if self.owner.trim().is_empty() {
            faults.push(Invalid::field(format!("{pointer}/owner"), "empty"));
        }
        if self.weekly_looks_min > WEEKLY_LOOKS_MAX {
            faults.push(Invalid::field(
                format!("{pointer}/weekly_looks_min"),
                "above 10,000",
            ));
        }
        if self.deadline_s == 0 || self.deadline_s > DEADLINE_S_MAX {
            faults.push(Invalid::field(
                format!("{pointer}/deadline_s"),
                "not within a year",
            ));
        }
        if self.outcome_s > DEADLINE_S_MAX {
            let detail = "not within a year";
            faults.push(Invalid::field(format!("{pointer}/outcome_s"), detail));
        }
        bound_list(
            faults,
            &format!("{pointer}/reject_reasons"),
            &self.reject_reasons,
            9,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(change: serde_json::Value, expected: &[&str]) {
        let mut document = serde_json::to_value(Policy::starting("mia@example.com")).unwrap();
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        let pointers: Vec<String> = match Policy::parse(document.to_string().as_bytes()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
        };
        assert_eq!(pointers, expected, "{change}");
    }

    #[test]
    fn every_fault_is_listed_by_its_pointer() {
        check(json!({}), &[]);
        check(json!({ "undo_window_s": 61 }), &["/undo_window_s"]);
        check(
            json!({ "queue_full_at": 0, "categories": { "a": { "weekly_looks_min": 10_001 } } }),
            &["/queue_full_at", "/categories/a/weekly_looks_min"],
        );
        check(
            json!({ "categories": { "a": { "confidence_threshold": "calibrated", "four_eyes": true,
                "weekly_looks_min": 20, "sample_floor": 0.01 } }, "second_lead": true }),
            &[],
        );
        check(
            json!({ "categories": { "a": { "confidence_threshold": "learnt" } } }),
            &["/categories/a/confidence_threshold"],
        );
        check(
            json!({ "categories": { "a/b": { "start_level": 3, "ceiling": 2, "owner": " " } } }),
            &["/categories/a~1b/start_level", "/categories/a~1b/owner"],
        );
        check(
            json!({
                "guardrails": [{ "name": "large", "route": "review", "because": "so",
                    "when": { "amount_over": { "minor": 1, "currency": "usd" } } }],
                "actions": { "refund": { "stakes": "financial",
                    "money": [{ "pointer": "/amount", "unit": "major", "currency": "$" }] } }
            }),
            &[
                "/guardrails/0/when/amount_over/currency",
                "/actions/refund/money/0/currency",
            ],
        );
        check(
            json!({ "signals": { "forbidding": ["press"], "lexicons": { "press": ["tabloid"] } } }),
            &[],
        );
        check(
            json!({ "signals": { "lexicons": { "shouting": ["x"], "press": ["?"] } } }),
            &["/signals/lexicons/press/0", "/signals/lexicons/shouting"],
        );
        let rule = json!({ "name": "x", "when": {}, "route": "release", "because": "" });
        check(
            json!({ "guardrails": [rule, rule] }),
            &[
                "/guardrails/0/because",
                "/guardrails/1/name",
                "/guardrails/1/because",
            ],
        );
        check(
            json!({ "guardrails": [{ "name": "x", "when": { "moon": 1 } }] }),
            &["/guardrails/0/when/moon", "/guardrails/0"],
        );
        check(
            json!({
                "moon": 1, "undo_window_s": 61, "zone": 7,
                "categories": { "a": { "owner": 1, "start_level": 9 }, "b": { "owner": " " } },
                "actions": { "pay": { "stakes": "high" } },
                "guardrails": [
                    7,
                    { "name": "x", "when": { "agent": ["a", 1] }, "route": "release", "because": "" },
                    { "name": "x", "when": {}, "route": "drop", "because": "so" },
                ],
            }),
            &[
                "/actions/pay/stakes",
                "/categories/a/owner",
                "/categories/a/start_level",
                "/guardrails/0",
                "/guardrails/1/when/agent/1",
                "/guardrails/2/route",
                "/moon",
                "/zone",
                "/undo_window_s",
                "/guardrails/1/because",
                "/categories/b/owner",
            ],
        );
    }
}
