//! Who asks: whoever a credential belongs to. It must not say what they may: `admission` does.

use crate::call::{CREDENTIAL_HEADER, Call, KNOWN};
use crate::people::Person;
use crate::problem::{Outcome, Problem};
use crate::tenant::{Tenant, system};
use crate::{keys, limits, people, sight};
use countersign_policy::log::Actor;
use countersign_policy::problem::Code;
use countersign_policy::rate;
use countersign_policy::time::Millis;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A program with a key, by the key's id.
    Key(String),
    /// A person with a session.
    Person(Person),
    /// Someone who holds an invitation, by its hash.
    Invited(String),
    /// Someone whom Cloudflare Access knows, by their mail address, until then.
    Known(String, Millis),
}

impl Caller {
    /// Who the credential of a call belongs to; the Worker has checked its MAC. The call learns what
    /// they may read, or what their key is limited to.
    pub fn of(tenant: &Tenant, call: &mut Call) -> Outcome<Self> {
        let credential = call.header(CREDENTIAL_HEADER);
        let (kind, hash) = credential
            .as_deref()
            .and_then(|header| header.split_once(' '))
            .ok_or(Code::KeyMissing)?;
        match kind {
            KNOWN => {
                let (until, mail) = hash.split_once(' ').ok_or(Code::KeyMissing)?;
                let until = until.parse().map_err(|_| Code::KeyMissing)?;
                Ok(Self::Known(mail.to_owned(), Millis(until)))
            }
            "csi" => Ok(Self::Invited(hash.to_owned())),
            "css" => {
                let (person, wants_new_secret) = people::by_session(tenant, hash, call.now)?;
                limits::count_person(tenant, &person.id, call.now)?;
                call.wants_new_secret = wants_new_secret;
                call.sight = sight::of(tenant, &person)?;
                Ok(Self::Person(person))
            }
            kind => {
                let kind = if kind == "csp" { "policy" } else { "agent" };
                let (id, grant) = keys::by_secret(tenant, kind, hash, call.now)?;
                let per_minute = limits::configured(&tenant.env, "RATE_PER_KEY", rate::PER_KEY);
                tenant.rates.borrow_mut().take(&id, per_minute, call.now)?;
                call.grant = grant;
                Ok(Self::Key(id))
            }
        }
    }

    /// The person who asks; a program may not.
    pub fn person(&self) -> Outcome<&Person> {
        match self {
            Self::Person(person) => Ok(person),
            Self::Key(_) | Self::Invited(_) | Self::Known(..) => {
                Err(Problem::from(Code::Forbidden))
            }
        }
    }

    /// As the audit log names them.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Key(id) => Actor::agent(id),
            Self::Person(person) => person.actor(),
            Self::Invited(_) | Self::Known(..) => system(),
        }
    }
}
