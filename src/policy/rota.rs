//! Who answers for a draft that nobody has claimed: never nobody. It must not know what a person may
//! do beyond who is a lead, and must not read a clock.
//!
//! | stage of the deadline | who answers | if there is none |
//! | --- | --- | --- |
//! | waiting, warned | who is on call | the backup, the lead |
//! | backup | the backup | the lead, who is on call |
//! | lead, late | the lead | the backup, who is on call |
//!
//! Where a tenant has no rota, whom the policy names answers until it is the lead's turn.

use crate::deadline::Stage;
use crate::guardrail::{LocalTime, WeekSpan, category_matches};
use crate::invalid::{Invalid, bound_list, bound_text};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Shifts of one rota: a week of eight-hour shifts for nine teams.
pub const SHIFTS_MAX: u32 = 200;
/// Categories that one person serves.
const SKILLS_MAX: u32 = 100;
/// Categories of one shift, and spans of its week.
const SHIFT_ITEMS_MAX: u32 = 50;

/// When somebody is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// A person's id.
    pub on_call: String,
    /// Who answers where they are away, and from three quarters of a deadline on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// For these categories; `billing.*` is `billing` and all below it. None means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// In these spans of the local week; none means always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<WeekSpan>,
    /// From then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
    /// Before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// Somebody who can answer for drafts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// Whether they lead.
    pub lead: bool,
    /// Until when they are away.
    pub away_until: Option<Millis>,
}

/// Who is on duty for a category at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Duty {
    /// Who is on call and not away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<String>,
    /// Their backup, where not away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The first lead who is not away; with all away, the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// Whether the tenant has a rota: without one the policy's owner answers first.
    pub by_rota: bool,
}

/// In which part somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// They are on call.
    OnCall,
    /// They are the backup.
    Backup,
    /// They lead.
    Lead,
}

impl Member {
    /// Whether they are not away.
    #[must_use]
    pub fn is_there(&self, now: Millis) -> bool {
        self.away_until.is_none_or(|until| until <= now)
    }
}

impl Shift {
    fn covers(&self, category: Option<&str>, now: Millis, local: LocalTime) -> bool {
        let of_category = self.categories.is_empty()
            || category.is_some_and(|category| serves(&self.categories, category));
        let in_hours = self.hours.is_empty() || self.hours.iter().any(|span| span.contains(local));
        of_category
            && in_hours
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| until > now)
    }
}

/// Whether one of the patterns is the category, or stands above it.
pub fn serves(patterns: &[String], category: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| category_matches(pattern, category))
}

/// Who is on duty: of the shifts that cover the moment the first whose people are not all away.
/// Members come in the order in which they joined.
pub fn duty(
    shifts: Option<&[Shift]>,
    members: &[Member],
    category: Option<&str>,
    now: Millis,
    local: LocalTime,
) -> Duty {
    let there = |id: &String| {
        let member = members.iter().find(|member| member.id == *id);
        member.is_some_and(|member| member.is_there(now))
    };
    let covering = shifts.unwrap_or_default().iter();
    let on_duty = covering
        .filter(|shift| shift.covers(category, now, local))
        .map(|shift| {
            let on_call = Some(shift.on_call.clone()).filter(&there);
            (on_call, shift.backup.clone().filter(&there))
        })
        .find(|(on_call, backup)| on_call.is_some() || backup.is_some());
    let (on_call, backup) = on_duty.unwrap_or_default();
    let mut leads = members.iter().filter(|member| member.lead);
    let present = leads.clone().find(|lead| lead.is_there(now));
    Duty {
        on_call,
        backup,
        lead: present.or(leads.next()).map(|lead| lead.id.clone()),
        by_rota: shifts.is_some(),
    }
}

impl Duty {
    /// Whether a rota leaves the moment to the lead.
    pub fn is_empty(&self) -> bool {
        self.by_rota && self.on_call.is_none() && self.backup.is_none()
    }

    /// Who answers at a stage; `None` leaves it to whom the policy names.
    pub fn answers(&self, stage: Stage) -> Option<(Part, &str)> {
        let on_call = (Part::OnCall, &self.on_call);
        let backup = (Part::Backup, &self.backup);
        let lead = (Part::Lead, &self.lead);
        let order = match stage {
            Stage::Waiting | Stage::Warned if !self.by_rota => return None,
            Stage::Waiting | Stage::Warned => [on_call, backup, lead],
            Stage::Backup => [backup, lead, on_call],
            Stage::Lead | Stage::Late => [lead, backup, on_call],
        };
        let mut named = order.into_iter();
        named.find_map(|(part, id)| Some((part, id.as_deref()?)))
    }
}

/// Every fault of a rota, each with the JSON pointer of its field. `knows` says who reviews.
pub fn faults(shifts: &[Shift], knows: impl Fn(&str) -> bool) -> Vec<Invalid> {
    let mut faults = Vec::new();
    bound_list(&mut faults, "/shifts", shifts, SHIFTS_MAX);
    for (index, shift) in shifts.iter().enumerate() {
        let at = |field: &str| format!("/shifts/{index}/{field}");
        bound_list(
            &mut faults,
            &at("categories"),
            &shift.categories,
            SHIFT_ITEMS_MAX,
        );
        bound_list(&mut faults, &at("hours"), &shift.hours, SHIFT_ITEMS_MAX);
        for category in &shift.categories {
            let limit = crate::draft::NAME_BYTES_MAX;
            bound_text(&mut faults, &at("categories"), category, limit);
        }
        for (field, id) in [
            ("on_call", Some(&shift.on_call)),
            ("backup", shift.backup.as_ref()),
        ] {
            if id.is_some_and(|id| !knows(id)) {
                faults.push(Invalid::field(at(field), "nobody who reviews"));
            }
        }
        if shift.hours.iter().any(|span| !span.is_sound()) {
            faults.push(Invalid::field(at("hours"), "not a span of the week"));
        }
        if shift
            .from
            .zip(shift.until)
            .is_some_and(|(from, until)| from >= until)
        {
            faults.push(Invalid::field(at("until"), "not after `from`"));
        }
    }
    faults
}

/// Every fault of the categories that a person serves.
pub fn skill_faults(categories: &[String]) -> Vec<Invalid> {
    let mut faults = Vec::new();
    bound_list(&mut faults, "/categories", categories, SKILLS_MAX);
    for category in categories {
        let limit = crate::draft::NAME_BYTES_MAX;
        bound_text(&mut faults, "/categories", category, limit);
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000);

    fn member(id: &str, lead: bool, away: bool) -> Member {
        Member {
            id: id.into(),
            lead,
            away_until: away.then_some(Millis(2_000)),
        }
    }

    fn shift(on_call: &str, backup: Option<&str>, category: &str) -> Shift {
        Shift {
            on_call: on_call.into(),
            backup: backup.map(str::to_owned),
            categories: vec![category.to_owned()],
            hours: Vec::new(),
            from: None,
            until: None,
        }
    }

    fn check(shifts: Option<&[Shift]>, away: &[&str], stage: Stage, expected: Option<&str>) {
        let members: Vec<Member> = [("mia", true), ("tom", false), ("ada", false)]
            .map(|(id, lead)| member(id, lead, away.contains(&id)))
            .to_vec();
        let local = LocalTime::default();
        let duty = duty(shifts, &members, Some("billing.refund"), NOW, local);
        let found = duty.answers(stage).map(|(_, id)| id);
        assert_eq!(found, expected, "{shifts:?} {away:?} {stage:?}");
    }

    #[test]
    fn somebody_answers_at_every_stage() {
        let rota = [shift("tom", Some("ada"), "billing.*")];
        let rota = Some(rota.as_slice());
        check(rota, &[], Stage::Waiting, Some("tom"));
        check(rota, &["tom"], Stage::Waiting, Some("ada"));
        check(rota, &["tom", "ada"], Stage::Waiting, Some("mia"));
        check(rota, &["tom", "ada", "mia"], Stage::Waiting, Some("mia"));
        check(rota, &[], Stage::Backup, Some("ada"));
        check(rota, &["ada"], Stage::Backup, Some("mia"));
        check(rota, &[], Stage::Late, Some("mia"));
    }

    #[test]
    fn an_empty_rota_is_the_leads_and_none_is_the_policys() {
        let other = [shift("tom", None, "shipping")];
        check(Some(&other), &[], Stage::Waiting, Some("mia"));
        check(Some(&[]), &[], Stage::Warned, Some("mia"));
        check(None, &[], Stage::Warned, None);
        check(None, &[], Stage::Backup, Some("mia"));
    }

    #[test]
    fn every_fault_is_named() {
        let mut bad = shift("tom", Some("eve"), "billing");
        bad.from = Some(NOW);
        bad.until = Some(NOW);
        let faults = faults(&[bad], |id| id == "tom");
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/shifts/0/backup", "/shifts/0/until"]);
    }
}
