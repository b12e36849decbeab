//! The work of `bench route`: one policy of 50 guardrails and drafts for it, the same for every
//! engine, natively and in workerd. It must not know any engine.

use crate::random::Random;
use countersign_policy::compiled::Compiled;
use countersign_policy::document::Policy;
use countersign_policy::draft::Draft;
use countersign_policy::guardrail::LocalTime;
use countersign_policy::level::Level;
use countersign_policy::ratio::Ratio;
use countersign_policy::route::Situation;
use countersign_policy::said::Said;
use countersign_policy::signal::{self, Signal};
use serde_json::{Value, json};

/// The 50 guardrails, their catalogue and categories.
pub const POLICY: &[u8] = include_bytes!("policy.json");
/// The drafts are the same in every run.
pub const SEED: u64 = 20_261_117;

/// One decision to be made.
pub struct Case {
    /// What the agent wants.
    pub draft: Draft,
    /// The circumstances.
    pub situation: Situation,
    /// The texts as phrases are looked for in them.
    pub said: Said,
    /// What stands in the draft, found before anything is timed.
    pub signals: Vec<Signal>,
}

const CHANNELS: [&str; 8] = [
    "email", "email", "chat", "chat", "chat", "social", "crm", "internal",
];
const CATEGORIES: [&str; 13] = [
    "billing.refund",
    "billing.invoice",
    "account.access",
    "account.howto",
    "technical.howto",
    "technical.howto",
    "technical.api",
    "technical.outage",
    "orders.shipping",
    "orders.return",
    "sales.quote",
    "sales.question",
    "retention.cancel",
];
const AGENTS: [&str; 6] = [
    "support-bot",
    "support-bot",
    "billing-bot",
    "sales-bot",
    "router-bot",
    "experiment-bot",
];
const ACTIONS: [&str; 12] = [
    "refund",
    "refund",
    "refund",
    "credit",
    "change_plan",
    "update_address",
    "delete_account",
    "reship",
    "add_note",
    "tag_contact",
    "assign",
    "erase_data",
];
const PLANS: [&str; 5] = ["free", "free", "team", "business", "enterprise"];
const TAGS: [&str; 12] = [
    "loyal",
    "loyal",
    "newsletter",
    "newsletter",
    "trial",
    "reseller",
    "vip",
    "at_risk",
    "executive",
    "school",
    "partner",
    "early_adopter",
];
const QUESTIONS: [&str; 24] = [
    "How do I add a second user to my workspace?",
    "I would like to change the delivery address of my last order.",
    "Where can I see how much of my quota is left this month?",
    "The parcel was due on Monday and the tracking page has not moved since.",
    "Could you send me last month's invoice again, with our new company name on it?",
    "The export stops at row 5000 and I need the whole table by tomorrow.",
    "What does the business plan cost for forty seats?",
    "My card expired, and now I can't open my projects.",
    "Does the webhook retry when our server answers with an error?",
    "I returned the shoes two weeks ago and have not seen my money.",
    "Please move our account to the yearly plan.",
    "Which of the two settings turns the daily mail off?",
    "We had hoped for an answer sooner; this is the third time we ask.",
    "I want to cancel my subscription at the end of the month.",
    "I was charged twice for the same order.",
    "I forgot my password and the reset mail does not come.",
    "If this is not solved I will talk to my lawyer.",
    "I am a journalist and would like to know how you store data.",
    "The site is down for all of us.",
    "This is the worst service I have ever had, I am very disappointed.",
    "Someone has hacked my account and changed the address.",
    "Is VAT included in the price on the page?",
    "Our api key stopped working after the update.",
    "The parcel never arrived, and customs says they know nothing.",
];
const ANSWERS: [&str; 12] = [
    "Thank you for your message.",
    "You find it under Settings, then Members: press Invite and enter the address.",
    "I have looked at your order, and it left our warehouse yesterday.",
    "The invoice is attached to this message with the name you gave us.",
    "The export is cut by the preview; the full table comes by mail within the hour.",
    "I am sorry that you had to wait.",
    "Your new card can be entered under Billing, and the projects open at once.",
    "Yes, it is sent again up to eight times, each time after a longer pause.",
    "The refund will be on your account within five working days.",
    "Let me know if anything is still unclear.",
    "Please reply to this message if the problem comes back.",
    "Kind regards, the support team",
];

/// The policy, ready to decide.
pub fn policy() -> Compiled {
    Compiled::new(Policy::parse(POLICY).unwrap_or_else(|_| Policy::starting("nobody")))
}

/// `count` cases; the first ones are the same for every count.
pub fn cases(policy: &Compiled, count: usize) -> Vec<Case> {
    let mut random = Random::new(SEED);
    let bodies = (0..count).map(|index| body(&mut random, index));
    let drafts: Vec<Draft> = bodies
        .filter_map(|body| Draft::parse(body.to_string().as_bytes()).ok())
        .collect();
    let mut cases = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let rules = policy.rules(draft.category.as_deref());
        let fixed = Situation::fixed(Level::ReviewEverything);
        let signals = signal::find(policy.policy(), rules, &draft, &fixed);
        let level = [1, 2, 2, 3].get(random.below(4)).copied().unwrap_or(1);
        cases.push(Case {
            situation: Situation {
                level: Level::from_number(level).unwrap_or(Level::ReviewEverything),
                sample_draw: Ratio::from_f64(random.unit()).unwrap_or(Ratio::ONE),
                local_time: LocalTime {
                    weekday: u8::try_from(random.below(7)).unwrap_or(0).saturating_add(1),
                    minute: u16::try_from(random.below(1_440)).unwrap_or(0),
                },
                ..fixed
            },
            said: Said::of(&draft),
            draft,
            signals,
        });
    }
    cases
}

/// One in three is an action; of the texts, questions that no rule speaks of are the most frequent.
fn body(random: &mut Random, index: usize) -> Value {
    let action = random.below(3) == 0;
    let content = if action {
        let name = pick(random, &ACTIONS);
        let most = if random.below(8) == 0 { 90_000 } else { 8_000 };
        let amount = random.below(most);
        let currency = if random.below(10) == 0 { "EUR" } else { "USD" };
        let dollars = f64::from(u32::try_from(amount).unwrap_or(0)) / 100.0;
        let args = match name {
            "refund" | "credit" => {
                json!({ "amount": dollars, "currency": currency, "order": index })
            }
            _ => json!({ "record": index }),
        };
        json!({ "action": { "name": name, "args": args } })
    } else {
        let sentences: Vec<&str> = (0..random.below(4).saturating_add(2))
            .map(|_| pick(random, &ANSWERS))
            .collect();
        json!({ "text": sentences.join(" ") })
    };
    let quiet = QUESTIONS.get(..12).unwrap_or(&QUESTIONS);
    let question = if random.below(3) == 0 {
        pick(random, &QUESTIONS)
    } else {
        pick(random, quiet)
    };
    let message = format!("Hello, {question} {} Order {index}.", pick(random, quiet));
    let longest = if random.below(6) == 0 { 16 } else { 6 };
    let length = random.below(longest);
    let messages: Vec<Value> = (0..length)
        .map(|at| json!({ "id": format!("m{at}"), "role": if at % 2 == 0 { "customer" } else { "agent" }, "text": pick(random, quiet) }))
        .collect();
    let tags: Vec<&str> = (0..random.below(4)).map(|_| pick(random, &TAGS)).collect();
    let mut body = json!({
        "agent": pick(random, &AGENTS), "kind": if action { "action" } else { "message" },
        "channel": pick(random, &CHANNELS), "message": message, "draft": content,
        "conversation": { "id": format!("c{index}"), "head": "m", "messages": messages },
        "customer": { "id": format!("u{index}"), "plan": pick(random, &PLANS), "tags": tags },
        "metadata": {
            "region": pick(random, &["us", "us", "eu"]),
            "feature_stage": pick(random, &["stable", "stable", "stable", "stable", "beta"]),
        },
    });
    if let Some(fields) = body.as_object_mut() {
        if random.below(20) > 0 {
            fields.insert("category".into(), pick(random, &CATEGORIES).into());
        }
        if random.below(12) > 0 {
            let confidence = 1.0 - random.unit() * random.unit() * 0.6;
            fields.insert("confidence".into(), confidence.into());
        }
    }
    body
}

fn pick<'a>(random: &mut Random, list: &[&'a str]) -> &'a str {
    list.get(random.below(list.len())).copied().unwrap_or("")
}
