//! What a decision depends on beside policy and draft, read once. It must not compare anything:
//! `policy::route` does.

use crate::problem::Outcome;
use crate::sample;
use crate::standing::Standing;
use crate::storage::parsed;
use crate::tenant::{Tenant, TenantRecord};
use crate::{bind, standing};
use countersign_policy::compiled::Compiled;
use countersign_policy::day;
use countersign_policy::deadline::Offset;
use countersign_policy::digest::from_hex;
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::level::Level;
use countersign_policy::route::{Situation, sample_draw};
use countersign_policy::stop::Scope;
use countersign_policy::time::{DAY_MS, MINUTE_MS, Millis};
use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

const WEEK_MS: u64 = 7 * DAY_MS;

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
extern "C" {
    /// `Date`, for the one call that can throw: a zone that the platform doesn't know.
    type ZonedDate;

    #[wasm_bindgen(method, catch, js_name = toLocaleString)]
    fn to_locale_string(
        this: &ZonedDate,
        locale: &str,
        options: &JsValue,
    ) -> Result<js_sys::JsString, JsValue>;
}

#[derive(Deserialize)]
struct StopRow {
    scope: String,
    reason: String,
}

/// The situation of a draft at this moment, but for what memory says of its message.
pub fn gather(
    tenant: &Tenant,
    record: &TenantRecord,
    policy: &Compiled,
    draft: &Draft,
    now: Millis,
) -> Outcome<Situation> {
    let secret = from_hex(&record.secret).unwrap_or_default();
    let local_time = local_time(&policy.policy().zone, now).unwrap_or_default();
    let standing = standing(tenant, policy, draft, now)?;
    Ok(Situation {
        level: standing.level,
        stop: stop(tenant, draft)?,
        sample_draw: sample_draw(&secret, &draft.conversation.id, &draft.conversation.head),
        local_time,
        novelty: None,
        guess: None,
        learnt_threshold: standing.learnt,
        new_version: standing.is_new,
        week: Some(sample::releases(tenant, draft, local_time, now)?),
        pressure: sample::pressure(tenant, policy, now)?,
    })
}

/// What the draft's account says; one of a category that the policy doesn't know has none, and the
/// level that the policy gives those.
fn standing(tenant: &Tenant, policy: &Compiled, draft: &Draft, now: Millis) -> Outcome<Standing> {
    let category = draft.category.as_deref();
    match category.filter(|name| policy.policy().knows(name)) {
        Some(category) => standing::of(tenant, policy, draft, category, now),
        None => Ok(Standing {
            level: policy.rules(category).start_level,
            learnt: None,
            is_new: false,
        }),
    }
}

/// Where accounts of a category start: where the policy said so with its first draft; from then on
/// no version of the policy raises it.
pub fn start_level(
    tenant: &Tenant,
    policy: &Compiled,
    category: &str,
    now: Millis,
) -> Outcome<Level> {
    let known = tenant.storage.value(
        "SELECT level FROM levels WHERE category = ?",
        bind![category],
    )?;
    if let Some(level) = known.and_then(Level::from_number) {
        return Ok(level);
    }
    let start = policy.rules(Some(category)).start_level;
    tenant.storage.run(
        "INSERT INTO levels (category, level, since) VALUES (?, ?, ?)",
        bind![category, u32::from(start.number()), now],
    )?;
    Ok(start)
}

/// The reason of the first stop that covers the draft.
pub fn stop(tenant: &Tenant, draft: &Draft) -> Outcome<Option<String>> {
    let stops = tenant.recall.stops.or((), || {
        let rows = tenant.storage.rows::<StopRow>(
            "SELECT scope, reason FROM stops ORDER BY since, scope",
            bind![],
        )?;
        let stops = rows
            .into_iter()
            .map(|row| Ok((parsed::<Scope>(&row.scope)?, row.reason)));
        stops.collect::<Outcome<Vec<_>>>().map(Rc::new)
    })?;
    let covering = stops.iter().find(|(scope, _)| scope.covers(draft));
    Ok(covering.map(|(_, reason)| reason.clone()))
}

/// By how much a zone's clocks are ahead of UTC from `from` to `until`: looked at once a week, and
/// where they were changed in between, to the minute. Empty for a zone that the platform doesn't know.
pub fn offsets(zone: &str, from: Millis, until: Millis) -> Vec<Offset> {
    let minutes_at = |at: Millis| Some(day::offset_minutes(at, local_time(zone, at)?));
    let Some(minutes) = minutes_at(from) else {
        return Vec::new();
    };
    let mut found = vec![Offset { from, minutes }];
    let (mut before, mut known) = (from, minutes);
    while before < until {
        let after = before.plus(WEEK_MS);
        let minutes = minutes_at(after).unwrap_or(known);
        if minutes != known {
            let (mut low, mut high) = (before, after);
            while high.since(low) > MINUTE_MS {
                let middle = low.plus(high.since(low) / 2);
                match minutes_at(middle) == Some(known) {
                    true => low = middle,
                    false => high = middle,
                }
            }
            // Clocks are changed on a whole minute.
            let from = Millis(high.0.saturating_sub(high.0 % MINUTE_MS));
            found.push(Offset { from, minutes });
        }
        (before, known) = (after, minutes);
    }
    found
}

thread_local! {
    /// The last answer of the platform, which takes as long to give as a decision: zone and minute.
    static LAST: RefCell<Option<(String, u64, Option<LocalTime>)>> = const { RefCell::new(None) };
}

/// Weekday and minute in an IANA zone; `None` for a zone that the platform doesn't know.
pub fn local_time(zone: &str, now: Millis) -> Option<LocalTime> {
    let minute = now.0 / MINUTE_MS;
    LAST.with_borrow_mut(|last| match last {
        Some((known, at, time)) if known == zone && *at == minute => *time,
        _ => {
            let time = ask_local_time(zone, now);
            *last = Some((zone.to_owned(), minute, time));
            time
        }
    })
}

fn ask_local_time(zone: &str, now: Millis) -> Option<LocalTime> {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let date = js_sys::Date::new(&JsValue::from_f64(now.0 as f64));
    let options = js_sys::Object::new();
    for (name, value) in [
        ("timeZone", zone),
        ("weekday", "short"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("hourCycle", "h23"),
    ] {
        js_sys::Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    let date: &ZonedDate = date.unchecked_ref();
    let text = String::from(date.to_locale_string("en-GB", &options).ok()?);
    read_local_time(&text)
}

/// Reads `Sun, 10:42`, as the platform writes it for `en-GB`.
fn read_local_time(text: &str) -> Option<LocalTime> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let weekday = DAYS.iter().position(|day| text.starts_with(day))?;
    let (hour, minute) = text.rsplit(' ').next()?.split_once(':')?;
    let minutes = hour.parse::<u16>().ok()?.checked_mul(60)?;
    Some(LocalTime {
        weekday: u8::try_from(weekday).ok()?.saturating_add(1),
        minute: minutes.checked_add(minute.parse().ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_form_is_read() {
        let time = |weekday, minute| Some(LocalTime { weekday, minute });
        assert_eq!(read_local_time("Sun, 10:42"), time(7, 642));
        assert_eq!(read_local_time("Mon 00:00"), time(1, 0));
        assert_eq!(read_local_time("tomorrow"), None);
    }
}
