//! All that is remembered of one category, agent and version: what was earned, what is watched, what
//! its confidence was worth. It must not decide by itself: each label goes to the file whose
//! question it answers, and what follows (a cause) is given back.
//!
//! | what happened | record | watch | scores |
//! | --- | --- | --- | --- |
//! | a held draft got its label | where it is evidence | | where labels represent what comes in |
//! | an approval that nobody can have read | once another person agrees who did | | never |
//! | a sampled release was looked at | | where the level still lets such out | always |
//! | … of a version that this one is as good as | | the same, but it calms no alarm of this one's own | always |
//! | a release was confirmed by who can't have read it | | never | never |
//! | a release nobody sampled was found wrong | | high stakes only | |
//! | what was right is found wrong later on | its label turns | its label turns | its label turns |
//! | … where it was never counted | a new label | a new label | a new label |
//! | a step up, or a level lost | starts again | starts again | kept |

use super::Label;
use super::demote::{Cause, Drift, LABELS_WANTED, Look, WEEKS_KEPT, Watch, by_week};
use super::evidence::{NotEvidence, Observation, Reading, Spoke, counts_as_evidence};
use super::propose::Standing;
use super::ready::Record;
use crate::calibrate::{Scores, Source, Threshold, due, learn};
use crate::day::monday_of;
use crate::level::Level;
use crate::ratio::Ratio;
use crate::threshold::Learnt;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The probability with which a learnt threshold may break its budget.
pub const THRESHOLD_ERROR: f64 = 0.10;
/// Edits that a proposal shows: as many as one reads through.
pub const EDITS_MAX: usize = 20;
/// Agents of one category that have accounts: more than any team has, and names that an agent makes up
/// fill no more.
const AGENTS_MAX: u32 = 100;
/// Versions that one includes: those before are no longer posted.
const INCLUDES_MAX: usize = 100;
/// Days that count as now when messages are compared with those before: this week and the last.
const DRIFT_DAYS: i32 = 7;

/// Messages of one week from Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WeekOfMessages {
    /// Local days from 1970-01-01 to its Monday.
    pub monday: i32,
    /// Those that memory was asked about.
    pub messages: u32,
    /// Of these, novel.
    pub novel: u32,
}

/// A learnt threshold, and what it was learnt for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calibration {
    /// The threshold, or why there is none.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// Share of released drafts that may be wrong.
    pub budget: Ratio,
    /// The policy's number, which counts while there are too few labels.
    pub fixed: Ratio,
}

/// Whether one more agent gets an account in a category where so many have one. Without one nothing is
/// earned: all is reviewed.
pub fn has_room(agents: u32) -> bool {
    agents < AGENTS_MAX
}

/// Where an agent that is new in a category starts: no higher than the `lowest` there, which it may have
/// been under another name.
pub fn start_of_new(start: Level, lowest: Option<Level>) -> Level {
    lowest.map_or(start, |lowest| start.min(lowest))
}

/// What is remembered. Stored as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Level, since when, and until when it rests.
    pub standing: Standing,
    /// Evidence for the next level.
    pub record: Record,
    /// Looks at what the level releases.
    pub watch: Watch,
    /// Labels by stated confidence.
    pub scores: Scores,
    /// The threshold that was learnt last, and for what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Labels that turned since it was learnt.
    pub turned: u32,
    /// Labels of all kinds, of this version and those declared equivalent.
    pub labels: u32,
    /// Labels that were no evidence, by the reason why not.
    pub left_out: BTreeMap<NotEvidence, u32>,
    /// The newest drafts that were edited and are evidence, by id, oldest first.
    pub edits: Vec<String>,
    /// Messages by week, oldest first.
    pub messages: Vec<WeekOfMessages>,
    /// Versions whose labels these are, too: those that a lead declared this one equivalent to, and what
    /// these were declared equivalent to before. The newest declaration is last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// When the labels of each of these were taken over. What held drafts of theirs were counted as
    /// afterwards isn't here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub taken_over: BTreeMap<String, Millis>,
}

/// Two accounts have labels in common, which would count twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap;

/// The label of a draft that was held.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// The draft's id.
    pub id: String,
    /// As far as evidence goes.
    pub observation: Observation,
    /// The agent's own confidence.
    pub confidence: Option<Ratio>,
    /// Whether labels like this one represent what comes in (`calibrate::counts_for_threshold`),
    /// and nothing but confidence could have held the draft.
    pub representative: bool,
    /// The local day on which it settled.
    pub day: i32,
}

/// When something was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The moment.
    pub at: Millis,
    /// The local day that it was then.
    pub day: i32,
}

/// What an account has of a held draft that a person let out as it was drafted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Whether it is among its labels.
    pub label: bool,
    /// The label that it took as evidence, and the local day on which it did.
    pub evidence: Option<(Label, i32)>,
}

/// What is known of a look at a release beside what was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Whether it was this version's own release, and not that of one that it was declared as good as.
    pub own: bool,
    /// What spoke in the draft.
    pub spoke: Spoke,
    /// Whether the look was owed, so that it says something of the rate.
    pub sampled: bool,
    /// Whether the draft can have been read.
    pub read: bool,
    /// The local day of an earlier look that counted, and took it for right.
    pub replaces: Option<i32>,
    /// Whether nothing but confidence could have held the draft.
    pub representative: bool,
    /// The agent's own confidence.
    pub confidence: Option<Ratio>,
}

impl Account {
    /// What a version begins with: nothing but a prior shaped by the version before it; the level
    /// at which the category starts, and never more than the one before has kept.
    pub fn begin(start: Level, before: Option<&Self>, now: Millis, day: i32) -> Self {
        let level = before.map_or(start, |before| start.min(before.standing.level));
        let record = before.map(|before| before.record.for_new_version());
        Self {
            standing: Standing::begin(level, now),
            record: record.unwrap_or_default(),
            watch: Watch::begin(day),
            ..Self::default()
        }
    }

    /// Counts the label of a held draft; the label that became evidence, or why none did.
    pub fn settle(&mut self, labelled: &Labelled) -> Result<Label, NotEvidence> {
        let observation = &labelled.observation;
        let read = observation.reading.unread().is_none();
        let label = observation.ending.label();
        if let Some(label) =
            label.filter(|label| !observation.shadow && (read || !label.acceptable()))
        {
            self.labels = self.labels.saturating_add(1);
            if labelled.representative {
                self.scores.add(labelled.confidence, label.acceptable());
            }
        }
        let counted = counts_as_evidence(observation);
        match counted {
            Ok(label) => self.add_evidence(&labelled.id, label, labelled.day),
            Err(NotEvidence::NoLabel | NotEvidence::Shadow) => {}
            Err(why_not) => {
                let count = self.left_out.entry(why_not).or_default();
                *count = count.saturating_add(1);
            }
        }
        counted
    }

    /// Counts that a second reviewer agrees, of a draft that the first can't have read: that earns only
    /// where this one read it, and where the level is still the one that it is evidence for.
    pub fn second_look(
        &mut self,
        id: &str,
        first: &Observation,
        reading: &Reading,
        day: i32,
    ) -> Result<Label, NotEvidence> {
        if let Some(unread) = reading.unread() {
            return Err(unread);
        }
        let both = Observation {
            level: self.standing.level,
            second_look: Some(Label::Clean),
            ..*first
        };
        let label = counts_as_evidence(&both)?;
        self.add_evidence(id, label, day);
        Ok(label)
    }

    /// What a person let out as it was drafted is found wrong later on: what is `known` of it turns
    /// harmful, and nothing else does. It is evidence at any level, near-identical drafts once a day.
    pub fn found_wrong(
        &mut self,
        first: &Labelled,
        known: Known,
        group_counted: Option<Label>,
        day: i32,
    ) -> Result<Label, NotEvidence> {
        if !known.label {
            self.labels = self.labels.saturating_add(1);
        }
        match known.label {
            _ if !first.representative => {}
            true => self.turn(first.confidence),
            false => self.scores.add(first.confidence, false),
        }
        if let Some((label, day)) = known.evidence {
            self.record.withdraw(label, day);
        }
        if group_counted == Some(Label::Harmful) {
            return Err(NotEvidence::NearIdentical);
        }
        self.add_evidence(&first.id, Label::Harmful, day);
        Ok(Label::Harmful)
    }

    /// A label by confidence turns: what was learnt from it has one to learn anew.
    fn turn(&mut self, confidence: Option<Ratio>) {
        self.scores.turn(confidence);
        self.turned = self.turned.saturating_add(u32::from(confidence.is_some()));
    }

    fn add_evidence(&mut self, id: &str, label: Label, day: i32) {
        self.record.add(label, day);
        if matches!(label, Label::Cosmetic | Label::Substantive) {
            self.edits.push(id.to_owned());
        }
        if self.edits.len() > EDITS_MAX {
            self.edits.remove(0);
        }
    }

    /// Counts a look at a release; the cause, when the level is lost by it. What was found without
    /// having been sampled says nothing of a rate, nor does what the level no longer lets out: one batch
    /// would cost two levels. But a harm of high stakes needs no rate.
    pub fn look(&mut self, look: &Look, seen: Seen) -> Option<Cause> {
        let harmed = look.high_stakes && look.label == Label::Harmful;
        let harmed = harmed.then_some(Cause::HarmfulHighStakes);
        if !seen.sampled {
            return harmed;
        }
        if look.label.acceptable() && (!seen.read || seen.replaces.is_some()) {
            return None;
        }
        if seen.replaces.is_none() {
            self.labels = self.labels.saturating_add(1);
        }
        match seen.replaces {
            _ if !seen.representative => {}
            Some(_) => self.turn(seen.confidence),
            None => self.scores.add(seen.confidence, look.label.acceptable()),
        }
        if !seen.spoke.goes_out_at(self.standing.level) {
            return harmed;
        }
        if let Some(day) = seen.replaces {
            self.watch.withdraw(day);
        }
        match seen.own {
            true => self.watch.look(look),
            false => self.watch.look_beside(look),
        }
    }

    /// Counts a message, where memory was asked how new it is.
    pub fn message(&mut self, novel: bool, day: i32) {
        let monday = monday_of(day);
        if self.messages.last().is_none_or(|week| week.monday < monday) {
            self.messages.push(WeekOfMessages {
                monday,
                ..WeekOfMessages::default()
            });
        }
        if self.messages.len() > WEEKS_KEPT {
            self.messages.remove(0);
        }
        if let Some(week) = self.messages.last_mut() {
            week.messages = week.messages.saturating_add(1);
            week.novel = week.novel.saturating_add(u32::from(novel));
        }
    }

    /// How this week's and last week's messages differ from those before.
    pub fn drift(&self, day: i32) -> Drift {
        let recent = monday_of(day).saturating_sub(DRIFT_DAYS);
        self.messages.iter().fold(Drift::default(), |drift, week| {
            let (messages, novel) = (week.messages, week.novel);
            if week.monday >= recent {
                Drift {
                    messages: drift.messages.saturating_add(messages),
                    novel: drift.novel.saturating_add(novel),
                    ..drift
                }
            } else {
                Drift {
                    usual_messages: drift.usual_messages.saturating_add(messages),
                    usual_novel: drift.usual_novel.saturating_add(novel),
                    ..drift
                }
            }
        })
    }

    /// What time alone costs on a local day: drift, and labels that did not come. Nothing at level
    /// 1, or under a ceiling that releases nothing.
    pub fn check(&self, ceiling: Level, day: i32) -> Option<Cause> {
        if self.standing.effective(ceiling) == Level::ReviewEverything {
            return None;
        }
        self.watch.check(day, Some(&self.drift(day)))
    }

    /// The account after a level was lost: evidence and watch start again, and so does what counts
    /// as usual, lest one drift cost two levels.
    pub fn demote(&mut self, cause: Cause, now: Millis, day: i32) {
        let standing = self.standing.demote(cause, now);
        self.step(standing, day);
        self.messages.clear();
    }

    /// The account in another standing: with another level evidence and watch start again.
    pub fn step(&mut self, standing: Standing, day: i32) {
        if standing.level != self.standing.level {
            self.record = self.record.restart();
            self.watch = Watch::begin(day);
            self.left_out.clear();
            self.edits.clear();
        }
        self.standing = standing;
    }

    /// What a version has that a lead declared equivalent to an earlier one: all of its account,
    /// with this one's own evidence after it, and the looks at what the level releases. A level that was
    /// lost since stays lost. To declare again what it includes already changes nothing.
    pub fn equivalent(
        &self,
        version: &str,
        earlier: &Self,
        earlier_version: &str,
        now: Millis,
    ) -> Result<Self, Overlap> {
        if self.includes.iter().any(|name| name == earlier_version) {
            return Ok(self.clone());
        }
        let is_here = |name: &String| name == version || self.includes.contains(name);
        if earlier.includes.iter().any(is_here) {
            return Err(Overlap);
        }
        let mut account = earlier.clone();
        if self.standing.demotions > 0 {
            account.standing = Standing {
                level: self.standing.level.min(earlier.standing.level),
                ..self.standing.clone()
            };
            account.watch.since_day = self.watch.since_day;
            account.messages.clear();
        }
        account.watch.weeks.clear();
        account.watch.alarm_like(&self.watch);
        for one in [earlier, self] {
            if one.standing.level == account.standing.level {
                account.watch.remember(&one.watch.weeks);
            }
        }
        account.record = account.record.followed_by(&self.record);
        account.messages = by_week(
            account.messages,
            &self.messages,
            |week| week.monday,
            |sum, week| {
                sum.messages = sum.messages.saturating_add(week.messages);
                sum.novel = sum.novel.saturating_add(week.novel);
            },
        );
        account.edits.extend(self.edits.iter().cloned());
        account
            .edits
            .drain(..account.edits.len().saturating_sub(EDITS_MAX));
        account.scores.merge(&self.scores);
        account.labels = account.labels.saturating_add(self.labels);
        account.includes.extend(self.includes.iter().cloned());
        account.includes.push(earlier_version.to_owned());
        let surplus = account.includes.len().saturating_sub(INCLUDES_MAX);
        account.includes.drain(..surplus);
        account.taken_over.extend(self.taken_over.clone());
        account.taken_over.insert(earlier_version.to_owned(), now);
        let includes = &account.includes;
        account
            .taken_over
            .retain(|version, _| includes.contains(version));
        Ok(account)
    }

    /// Whether this account has what a held draft of a version was counted as at that time: its own, or
    /// one whose labels it took over since.
    pub fn has(&self, version: &str, counted: Counted) -> bool {
        self.taken_over
            .get(version)
            .is_none_or(|taken_over| counted.at < *taken_over)
    }

    /// The version that a lead declared this one equivalent to last.
    pub fn equivalent_to(&self) -> Option<&str> {
        self.includes.last().map(String::as_str)
    }

    /// Learns the confidence threshold again where it is time to, or where another number or budget
    /// holds; true when it was learnt.
    pub fn learn(&mut self, budget: Ratio, fixed: Ratio) -> bool {
        let labels = self.scores.total().drafts.saturating_add(self.turned);
        let wanted = match &self.calibration {
            None => true,
            Some(known) => {
                let other = known.budget != budget || known.fixed != fixed;
                other || due(known.threshold.labels.drafts, labels)
            }
        };
        if wanted {
            self.turned = 0;
            self.calibration = Some(Calibration {
                threshold: learn(&self.scores, budget, THRESHOLD_ERROR, fixed),
                budget,
                fixed,
            });
        }
        wanted
    }

    /// What routing goes by, where there were labels enough to learn.
    pub fn learnt(&self) -> Option<Learnt> {
        let threshold = self.calibration.as_ref()?.threshold;
        let from = threshold.from;
        match threshold.source {
            Source::Fixed => None,
            Source::Learnt => Some(Learnt { from }),
            Source::Uninformative => Some(Learnt { from: None }),
        }
    }

    /// Whether it has not yet the labels that are aimed at, so that it is looked at more often.
    pub fn is_new(&self) -> bool {
        self.labels < LABELS_WANTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Ending;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn held(ending: Ending, verdict_ms: u64) -> Labelled {
        Labelled {
            observation: Observation {
                ending,
                spoke: Spoke::Nothing,
                level: Level::ReviewEverything,
                shadow: false,
                reading: Reading {
                    batch: false,
                    verdict_ms,
                    shown_characters: 60,
                },
                second_look: None,
                group_counted: None,
            },
            id: "d1".into(),
            confidence: Ratio::from_f64(0.9),
            representative: true,
            day: 20_777,
        }
    }

    const SAMPLED: Seen = Seen {
        own: true,
        spoke: Spoke::Nothing,
        sampled: true,
        read: true,
        replaces: None,
        representative: true,
        confidence: None,
    };

    fn look(label: Label, high_stakes: bool) -> Look {
        Look {
            label,
            sampling: Ratio::ONE,
            usual: Ratio::ONE,
            high_stakes,
            day: 20_777,
        }
    }

    #[test]
    fn what_is_no_evidence_is_still_a_label() {
        let mut account = Account::default();
        assert_eq!(
            account.settle(&held(Ending::Approved, 10_000)),
            Ok(Label::Clean)
        );
        let fast = account.settle(&held(Ending::Approved, 10));
        assert_eq!(fast, Err(NotEvidence::TooFast));
        assert_eq!((account.labels, account.scores.total().drafts), (1, 1));
        let edge = Observation {
            spoke: Spoke::Signal,
            ..held(Ending::Approved, 10_000).observation
        };
        let edge = account.settle(&Labelled {
            observation: edge,
            ..held(Ending::Approved, 10_000)
        });
        assert_eq!(edge, Err(NotEvidence::NotNewlyReleased));
        let stale = account.settle(&held(Ending::Stale, 10_000));
        assert_eq!(stale, Err(NotEvidence::NoLabel));
        assert_eq!(account.record.recent, "c");
        assert_eq!((account.labels, account.scores.total().drafts), (2, 2));
        assert_eq!(
            account.left_out,
            BTreeMap::from([
                (NotEvidence::TooFast, 1),
                (NotEvidence::NotNewlyReleased, 1)
            ])
        );
        let refused = account.settle(&held(Ending::Rejected, 10));
        assert_eq!(refused, Ok(Label::Harmful));
        assert_eq!(account.scores.total().failed, 1);
    }

    #[test]
    fn agreement_earns_where_it_was_read_and_for_the_level_that_it_speaks_of() {
        let first = held(Ending::Approved, 10).observation;
        let (read, unread) = (
            held(Ending::Approved, 10_000).observation.reading,
            first.reading,
        );
        let mut account = Account::default();
        let look = |account: &mut Account, reading: &Reading| {
            account.second_look("d1", &first, reading, 20_777)
        };
        assert_eq!(look(&mut account, &unread), Err(NotEvidence::TooFast));
        assert_eq!(look(&mut account, &read), Ok(Label::Clean));
        assert_eq!(account.record.recent, "c");
        account.standing.level = Level::ReviewEdgeCases;
        let late = look(&mut account, &read);
        assert_eq!(late, Err(NotEvidence::NotNewlyReleased));
    }

    #[test]
    fn what_is_found_wrong_later_on_is_one_label_and_a_harmful_one() {
        let (harmful, day) = (Ok(Label::Harmful), 20_790);
        let counted = Known {
            label: true,
            evidence: Some((Label::Clean, 20_777)),
        };
        let mut account = Account::default();
        let read = held(Ending::Approved, 10_000);
        (0..3).for_each(|_| assert_eq!(account.settle(&read), Ok(Label::Clean)));
        assert_eq!(account.found_wrong(&read, counted, None, day), harmful);
        assert_eq!(account.record.recent, "cch");
        assert_eq!((account.record.totals(), account.labels), ((2, 1), 3));
        let total = account.scores.total();
        assert_eq!((total.drafts, total.failed), (3, 1));

        // What nobody had read was no label yet.
        let unread = held(Ending::Approved, 10);
        account.settle(&unread).unwrap_err();
        assert_eq!(
            account.found_wrong(&unread, Known::default(), None, day),
            harmful
        );
        assert_eq!(account.record.recent, "cchh");
        assert_eq!((account.labels, account.scores.total().failed), (4, 2));

        // Nor is there one to take back of an earlier level.
        account.step(Standing::begin(Level::ReviewEdgeCases, NOW), day);
        assert_eq!(account.found_wrong(&read, counted, None, day), harmful);
        assert_eq!(account.record.recent, "h");
        let again = account.found_wrong(&read, counted, Some(Label::Harmful), day);
        assert_eq!(again, Err(NotEvidence::NearIdentical));
        assert_eq!(account.record.recent, "h");
    }

    #[test]
    fn each_of_near_identical_drafts_that_are_found_wrong_loses_the_label_that_it_had() {
        let (monday, friday) = (20_773, 20_777);
        let alike = |day| Labelled {
            day,
            ..held(Ending::Approved, 10_000)
        };
        let known = |evidence| Known {
            label: true,
            evidence,
        };
        let mut account = Account::default();
        account.settle(&alike(monday)).unwrap();
        account.settle(&alike(monday + 1)).unwrap();
        let clean = |day| known(Some((Label::Clean, day)));
        let first = account.found_wrong(&alike(monday), clean(monday), None, friday);
        assert_eq!(first, Ok(Label::Harmful));
        let group = Some(Label::Harmful);
        let second = alike(monday + 1);
        let second = account.found_wrong(&second, clean(monday + 1), group, friday);
        assert_eq!(second, Err(NotEvidence::NearIdentical));
        assert_eq!((account.record.recent.as_str(), account.labels), ("h", 2));

        // What was left out on its day has none to lose, and takes none from others.
        account.settle(&alike(friday)).unwrap();
        let left_out = account.found_wrong(&alike(friday), known(None), None, friday + 1);
        assert_eq!(left_out, Ok(Label::Harmful));
        assert_eq!(account.record.recent, "hch");
    }

    #[test]
    fn a_version_has_what_another_was_counted_as_until_it_took_over() {
        let version = || Account::begin(Level::ReviewEverything, None, NOW, 20_777);
        let counted = |hours: u64| Counted {
            at: NOW.plus(hours * 3_600_000),
            day: 20_777,
        };
        let (one, two) = (counted(1).at, counted(2).at);
        let second = version().equivalent("v2", &version(), "v1", one).unwrap();
        let third = version().equivalent("v3", &second, "v2", two).unwrap();
        assert!(second.has("v1", counted(0)) && !second.has("v1", counted(1)));
        assert!(second.has("v2", counted(9)), "its own");
        assert!(third.has("v1", counted(0)) && !third.has("v1", counted(1)));
        assert!(third.has("v2", counted(1)) && !third.has("v2", counted(2)));
    }

    #[test]
    fn a_look_that_reassured_wrongly_is_taken_back() {
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_770);
        let confirmed = Look {
            day: 20_770,
            ..look(Label::Clean, false)
        };
        (0..3).for_each(|_| assert_eq!(account.look(&confirmed, SAMPLED), None));
        let later = Seen {
            replaces: Some(20_770),
            ..SAMPLED
        };
        assert_eq!(account.look(&look(Label::Clean, false), later), None);
        assert_eq!(account.look(&look(Label::Harmful, false), later), None);
        assert_eq!((account.labels, account.watch.points), (3, 16_000));
        let weeks = account.watch.weeks.iter();
        let weeks: Vec<_> = weeks.map(|week| (week.acceptable, week.failed)).collect();
        assert_eq!(weeks, [(2, 0), (0, 1)]);
        let cause = account.look(&look(Label::Harmful, true), later);
        assert_eq!(cause, Some(Cause::HarmfulHighStakes));
    }

    #[test]
    fn what_is_right_of_another_version_calms_no_alarm() {
        let beside = Seen {
            own: false,
            ..SAMPLED
        };
        let (right, wrong) = (look(Label::Clean, false), look(Label::Harmful, false));
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        for _ in 0..3 {
            assert_eq!(account.look(&wrong, SAMPLED), None);
            (0..16).for_each(|_| assert_eq!(account.look(&right, beside), None));
        }
        assert_eq!((account.watch.points, account.watch.highest()), (0, 48_000));
        let later = Account::begin(Level::MonitorAndCorrect, Some(&account), NOW, 20_777);
        let later = later.equivalent("v2", &account, "v1", NOW).unwrap();
        assert_eq!(later.watch.highest(), 48_000, "nor does another name");
        let cause = account.look(&wrong, SAMPLED).unwrap();
        assert_eq!(cause.code(), "failure_rate");

        // What is wrong of it counts, and it calms itself.
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        (0..3).for_each(|_| assert_eq!(account.look(&wrong, beside), None));
        (0..48).for_each(|_| assert_eq!(account.look(&right, beside), None));
        assert_eq!(account.watch.highest(), 0);
        (0..3).for_each(|_| assert_eq!(account.look(&wrong, beside), None));
        assert!(account.look(&wrong, SAMPLED).is_some());
    }

    #[test]
    fn a_look_by_who_cannot_have_read_reassures_nobody() {
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        let harmful = account.look(&look(Label::Harmful, false), SAMPLED);
        assert_eq!((harmful, account.watch.points), (None, 16_000));
        let hasty = Seen {
            read: false,
            ..SAMPLED
        };
        account.look(&look(Label::Clean, false), hasty);
        assert_eq!(
            (account.watch.points, account.watch.labels(20_777)),
            (16_000, 1)
        );
        account.look(&look(Label::Clean, false), SAMPLED);
        assert_eq!(
            (account.watch.points, account.watch.labels(20_777)),
            (15_000, 2)
        );
        account.look(&look(Label::Harmful, false), hasty);
        assert_eq!(account.watch.points, 31_000);
    }

    #[test]
    fn a_new_version_begins_no_higher_than_the_last_one_ended() {
        let mut before = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        assert_eq!(before.standing.level, Level::MonitorAndCorrect);
        before.demote(Cause::HarmfulHighStakes, NOW, 20_777);
        let after = Account::begin(Level::MonitorAndCorrect, Some(&before), NOW, 20_777);
        assert_eq!(after.standing.level, Level::ReviewEverything);
        before.standing.level = Level::MonitorAndCorrect;
        let after = Account::begin(Level::ReviewEverything, Some(&before), NOW, 20_777);
        assert_eq!(after.standing.level, Level::ReviewEverything);
        assert!(after.is_new());
    }

    #[test]
    fn another_name_leaves_no_demotion_behind() {
        let (low, high) = (Level::ReviewEverything, Level::MonitorAndCorrect);
        assert_eq!(start_of_new(high, Some(low)), low);
        assert_eq!(start_of_new(low, Some(high)), low);
        assert_eq!(start_of_new(high, None), high);
        assert!(has_room(AGENTS_MAX - 1) && !has_room(AGENTS_MAX));
    }

    #[test]
    fn what_a_level_no_longer_lets_out_costs_no_further_one() {
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        let edge = Seen {
            spoke: Spoke::Signal,
            ..SAMPLED
        };
        let wrong = look(Label::Harmful, false);
        let causes = (0..4).filter_map(|_| account.look(&wrong, edge));
        let cause = causes.last().unwrap();
        account.demote(cause, NOW, 20_777);
        assert_eq!(account.standing.level, Level::ReviewEdgeCases);
        (0..9).for_each(|_| assert_eq!(account.look(&wrong, edge), None));
        assert_eq!((account.watch.points, account.labels), (0, 13));
        let harmed = account.look(&look(Label::Harmful, true), edge);
        assert_eq!(harmed, Some(Cause::HarmfulHighStakes));
        let causes = (0..4).filter_map(|_| account.look(&wrong, SAMPLED));
        assert_eq!(causes.count(), 1, "what it lets out still does");
    }

    #[test]
    fn only_sampled_looks_say_how_often_and_any_says_how_bad() {
        let mut account = Account::begin(Level::MonitorAndCorrect, None, NOW, 20_777);
        let found_out = Seen {
            sampled: false,
            ..SAMPLED
        };
        for _ in 0..9 {
            assert_eq!(account.look(&look(Label::Harmful, false), found_out), None);
        }
        assert_eq!(account.watch.points, 0);
        let found = account.look(&look(Label::Harmful, true), found_out);
        assert_eq!(found, Some(Cause::HarmfulHighStakes));
        let causes: Vec<_> = (0..4)
            .map(|_| account.look(&look(Label::Harmful, false), SAMPLED))
            .collect();
        assert_eq!(causes.iter().filter(|cause| cause.is_some()).count(), 1);
        account.demote(causes[3].unwrap(), NOW, 20_777);
        assert_eq!(account.standing.level, Level::ReviewEdgeCases);
        assert_eq!(account.watch, Watch::begin(20_777));
    }

    #[test]
    fn an_equivalent_version_goes_on_where_the_other_was() {
        let mut earlier = Account::begin(Level::ReviewEdgeCases, None, NOW, 20_700);
        earlier.standing.level = Level::MonitorAndCorrect;
        earlier.record.add(Label::Clean, 20_770);
        let mut later = Account::begin(Level::ReviewEdgeCases, Some(&earlier), NOW, 20_777);
        later.add_evidence("d2", Label::Cosmetic, 20_777);
        let both = later.equivalent("v2", &earlier, "v1", NOW).unwrap();
        assert_eq!(both.standing.level, Level::MonitorAndCorrect);
        assert_eq!((both.record.recent.as_str(), both.record.days()), ("ct", 8));
        assert_eq!(both.equivalent_to(), Some("v1"));
        later.watch.points = 45_000;
        for failed in 0..120 {
            let label = if failed < 20 {
                Label::Harmful
            } else {
                Label::Clean
            };
            later.add_evidence("d3", label, 20_777 + failed / 10);
        }
        let both = later.equivalent("v2", &earlier, "v1", NOW).unwrap();
        assert_eq!(
            both.record.totals(),
            (102, 20),
            "none of its failures is forgotten"
        );
        assert_eq!((both.record.tests, both.record.days()), (4, 19));
        assert_eq!((both.record.recent.len(), both.watch.points), (100, 45_000));
        later.demote(Cause::HarmfulHighStakes, NOW, 20_777);
        let both = later.equivalent("v2", &earlier, "v1", NOW).unwrap();
        assert_eq!(both.standing.level, Level::ReviewEverything);
    }

    #[test]
    fn an_equivalent_version_brings_its_own_looks_and_messages_along() {
        let (start, quarter) = (20_700, 91);
        let mut earlier = Account::begin(Level::ReviewEdgeCases, None, NOW, start);
        let mut later = Account::begin(Level::ReviewEdgeCases, Some(&earlier), NOW, start + 7);
        let seen = |account: &mut Account, days: std::ops::Range<i32>| {
            for day in days {
                let clean = Look {
                    day,
                    ..look(Label::Clean, false)
                };
                assert_eq!(account.look(&clean, SAMPLED), None);
                account.message(day % 7 == 0, day);
            }
        };
        seen(&mut earlier, start..start + 14);
        seen(&mut later, start + 7..start + quarter + 14);
        later.add_evidence("d2", Label::Cosmetic, start + 20);
        let today = start + quarter + 14;
        assert_eq!(later.check(Level::MonitorAndCorrect, today), None);

        let both = later.equivalent("v2", &earlier, "v1", NOW).unwrap();
        assert_eq!(both.check(Level::MonitorAndCorrect, today), None);
        assert_eq!(both.watch.labels(today), later.watch.labels(today));
        assert_eq!(both.drift(today), later.drift(today));
        assert_eq!((both.watch.weeks.len(), both.messages.len()), (13, 13));
        assert_eq!(both.edits, ["d2"]);

        later.demote(Cause::HarmfulHighStakes, NOW, today);
        let both = later.equivalent("v2", &earlier, "v1", NOW).unwrap();
        assert_eq!(
            both.watch,
            Watch::begin(today),
            "they were of a higher level"
        );
        assert_eq!(both.drift(today), Drift::default(), "no drift costs two");
    }

    #[test]
    fn no_label_counts_twice_however_versions_are_declared_equivalent() {
        let version = |label, day| {
            let mut account = Account::begin(Level::ReviewEverything, None, NOW, day);
            account.add_evidence("d1", label, day);
            account
        };
        let first = version(Label::Clean, 20_700);
        let second = version(Label::Cosmetic, 20_710);
        let third = version(Label::Substantive, 20_720);
        let twice = || Err(Overlap);

        let second = second.equivalent("v2", &first, "v1", NOW).unwrap();
        assert_eq!(
            second.equivalent("v2", &first, "v1", NOW),
            Ok(second.clone())
        );
        assert_eq!(first.equivalent("v1", &second, "v2", NOW), twice());
        let whole = third.equivalent("v3", &second, "v2", NOW).unwrap();
        assert_eq!(
            (whole.record.recent.as_str(), whole.record.totals()),
            ("cts", (2, 1))
        );
        assert_eq!(whole.equivalent_to(), Some("v2"));
        assert_eq!(whole.equivalent("v3", &first, "v1", NOW), Ok(whole.clone()));
        assert_eq!(first.equivalent("v1", &whole, "v3", NOW), twice());
        let beside = third.equivalent("v3", &first, "v1", NOW).unwrap();
        assert_eq!(beside.equivalent("v3", &second, "v2", NOW), twice());
    }

    #[test]
    fn other_messages_than_those_it_was_trusted_with_cost_one_level() {
        let mut account = Account::begin(Level::ReviewEdgeCases, None, NOW, 20_700);
        for week in 0..8 {
            for message in 0..20 {
                account.message(message == 0, 20_700 + week * 7);
            }
        }
        assert_eq!(account.check(Level::MonitorAndCorrect, 20_752), None);
        for message in 0..20 {
            account.message(message < 15, 20_763);
        }
        let Some(cause @ Cause::Drift(_)) = account.check(Level::MonitorAndCorrect, 20_763) else {
            panic!("{:?}", account.drift(20_763));
        };
        assert_eq!(account.check(Level::ReviewEverything, 20_763), None);
        account.demote(cause, NOW, 20_763);
        assert_eq!(account.drift(20_763), Drift::default());
    }

    #[test]
    fn thresholds_are_learnt_anew_when_labels_or_the_question_changed() {
        let mut account = Account::default();
        let (budget, fixed) = (Ratio::from_ppm(100_000), Ratio::from_ppm(800_000));
        assert!(account.learn(budget, fixed));
        assert_eq!(account.learnt(), None);
        assert!(!account.learn(budget, fixed));
        assert!(account.learn(Ratio::from_ppm(50_000), fixed));
        account.scores.add(Ratio::from_f64(0.9), true);
        account.scores.add(Ratio::from_f64(0.9), true);
        assert!(account.learn(Ratio::from_ppm(50_000), fixed));
        (0..200).for_each(|_| account.scores.add(Ratio::from_f64(0.7), true));
        assert!(account.learn(budget, fixed));
        let from = Some(Ratio::from_ppm(700_000));
        assert_eq!(account.learnt(), Some(Learnt { from }));
    }

    #[test]
    fn labels_that_turned_are_new_ones_to_learn_from() {
        let (budget, fixed) = (Ratio::from_ppm(100_000), Ratio::from_ppm(800_000));
        let mut account = Account::default();
        let right = held(Ending::Approved, 10_000);
        (0..100).for_each(|_| account.scores.add(right.confidence, true));
        assert!(account.learn(budget, fixed) && account.learnt().is_some());
        let known = Known {
            label: true,
            evidence: None,
        };
        (0..50).for_each(|turned| {
            assert!(!account.learn(budget, fixed), "{turned} turned");
            account.found_wrong(&right, known, None, 20_790).unwrap();
        });
        assert!(account.learn(budget, fixed));
        assert_eq!(account.learnt(), Some(Learnt { from: None }));
        assert!(!account.learn(budget, fixed), "once");
    }
}
