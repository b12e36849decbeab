//! What trust answers to the inputs of `cases/trust.json`, natively and in the Worker's development
//! build alike. It must not compute anything of its own.

use countersign_policy::binomial::{
    Z_TWO_SIDED_95, clopper_pearson_lower, clopper_pearson_upper, wilson,
};
use countersign_policy::calibrate::{Scores, learn};
use countersign_policy::ratio::Ratio;
use countersign_policy::trust::demote::{Look, Watch};
use countersign_policy::trust::evidence::{Observation, counts_as_evidence};
use countersign_policy::trust::propose::{Basis, Standing, propose};
use countersign_policy::trust::ready::{Record, assess};
use countersign_policy::trust::report::{Week, report};
use countersign_policy::trust::{Counts, Label, Settled};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What the named function answers to a case's input; `None` for an input of another form.
pub fn answer(call: &str, input: &Value) -> Option<Value> {
    Some(match call {
        "wilson" => json!(wilson(
            u64::from(number(input, "trials")?),
            u64::from(number(input, "successes")?),
            Z_TWO_SIDED_95
        )),
        "clopper_pearson" => {
            let (trials, successes) = (number(input, "trials")?, number(input, "successes")?);
            let alpha = input.get("alpha")?.as_f64()?;
            json!({
                "lower": clopper_pearson_lower(trials, successes, alpha),
                "upper": clopper_pearson_upper(trials, successes, alpha),
            })
        }
        "settle" => {
            let mut counts = Counts::default();
            let drafts: Vec<Settled> = read(input)?;
            drafts.iter().for_each(|draft| counts.settle(draft));
            json!(counts)
        }
        "counts_as_evidence" => match counts_as_evidence(&read::<Observation>(input)?) {
            Ok(label) => json!({ "label": label }),
            Err(why_not) => json!({ "not": why_not }),
        },
        "assess" => json!(assess(&record(input.get("labels")?)?)),
        "propose" => {
            let standing: Standing = read(input.get("standing")?)?;
            let basis: Basis = read(input.get("basis")?)?;
            let (labels, now) = (record(input.get("labels")?)?, read(input.get("now")?)?);
            match propose(&standing, &labels, &basis, now) {
                Ok(proposal) => json!({ "proposal": proposal }),
                Err(why_not) => json!({ "not": why_not }),
            }
        }
        "watch" => {
            let looks: Vec<Look> = read(input.get("looks")?)?;
            let day = looks.first()?.day;
            let mut watch = Watch::begin(day);
            let causes: Vec<_> = looks.iter().map(|look| watch.look(look)).collect();
            json!({ "causes": causes, "watch": watch, "bound": watch.lower_bound(day) })
        }
        "learn" => {
            let scores: Scores = read(input.get("scores")?)?;
            let ratio = |name: &str| Ratio::from_f64(input.get(name)?.as_f64()?);
            let error = input.get("error")?.as_f64()?;
            json!(learn(&scores, ratio("budget")?, error, ratio("fixed")?))
        }
        "report" => json!(report(&read::<Week>(input)?)),
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn number(input: &Value, name: &str) -> Option<u32> {
    u32::try_from(input.get(name)?.as_u64()?).ok()
}

/// A record of `[[day, letters], …]`.
fn record(labels: &Value) -> Option<Record> {
    let days: Vec<(i32, String)> = read(labels)?;
    let mut record = Record::default();
    for (day, letters) in days {
        for letter in letters.chars() {
            record.add(Label::from_letter(letter), day);
        }
    }
    Some(record)
}
