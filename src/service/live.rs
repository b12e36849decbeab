//! The live stream: tells every signed-in page what changed, and who looks at what. It must not
//! carry what a page could not also ask for.

use crate::call::Call;
use crate::caller::Caller;
use crate::clock::now;
use crate::people::{self, Person};
use crate::problem::{Outcome, Problem};
use crate::storage::parsed;
use crate::stored::Stored;
use crate::tenant::Tenant;
use crate::{limits, log, queue, sight, stored};
use countersign_policy::problem::Code;
use countersign_policy::rate;
use countersign_policy::sight::Sight;
use countersign_policy::time::Millis;
use serde::{Deserialize, Serialize};
use worker::{Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair};

/// RFC 6455: the other side may no longer be here.
const SESSION_ENDED: u16 = 1008;
/// The same: closed as it should be.
const NORMAL: u16 = 1000;
/// The same: codes for what was never said, which can't be said back.
const UNSAID: [u16; 3] = [1005, 1006, 1015];
/// Messages above this are not ours: a focus is an id.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Changes that a page which was away is told one by one: a page of the queue.
const MISSED_MAX: u32 = 200;

/// What the platform keeps with a socket while the object sleeps.
#[derive(Serialize, Deserialize)]
struct Attachment {
    person: Person,
    draft: Option<String>,
    /// The session that opened it.
    session: String,
}

impl Attachment {
    /// What the platform keeps with this socket; JSON, as everything that is read back.
    fn of(socket: &WebSocket) -> Option<Self> {
        parsed(&socket.deserialize_attachment::<String>().ok()??).ok()
    }

    fn keep(&self, socket: &WebSocket) -> Outcome<()> {
        Ok(socket.serialize_attachment(serde_json::to_string(self)?)?)
    }
}

/// A page that listens, who reads it, and what they may read.
struct Page {
    socket: WebSocket,
    person: String,
    sight: Sight,
}

/// What the service says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'a> {
    Hello {
        sequence: u64,
    },
    Draft {
        sequence: u64,
        draft: &'a queue::Summary,
    },
    /// What was missed can't be told one by one: the queue is to be asked for anew.
    Reset {
        sequence: u64,
    },
    Presence {
        people: Vec<Present>,
    },
}

#[derive(Serialize)]
struct Present {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<String>,
}

/// What a page says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Heard {
    Focus { draft: Option<String> },
}

/// Lets the platform answer "ping" without waking the object.
pub fn answer_pings(state: &State) {
    if let Ok(pair) = worker::WebSocketRequestResponsePair::new("ping", "pong") {
        state.set_websocket_auto_response(&pair);
    }
}

/// `GET /v1/live`.
pub fn open(tenant: &Tenant, call: &Call, caller: &Caller) -> Outcome<Response> {
    let Caller::Person(person) = caller else {
        return Err(Problem::from(Code::Forbidden));
    };
    if call
        .header("upgrade")
        .is_none_or(|value| !value.eq_ignore_ascii_case("websocket"))
    {
        return Err(Problem::new(Code::InvalidParameter, "this is a WebSocket"));
    }
    let after = match call.query.get("after") {
        None => None,
        Some(_) => Some(u64::from(call.number("after", 0, u32::MAX)?)),
    };
    let own = |page: &Attachment| page.person.id == person.id;
    let sockets = tenant.state.get_websockets();
    if !rate::admits_page(
        sockets
            .iter()
            .filter_map(Attachment::of)
            .filter(own)
            .count(),
    ) {
        return Err(Problem::from(Code::TooManyRequests));
    }
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    tenant.state.accept_web_socket(&server);
    let attachment = Attachment {
        person: person.clone(),
        draft: None,
        session: people::session_of(tenant, call)?,
    };
    attachment.keep(&server)?;
    let sequence = log::size(tenant)?;
    say(&server, &Told::Hello { sequence });
    if let Some(after) = after {
        let page = Page {
            socket: server.clone(),
            person: person.id.clone(),
            sight: call.sight.clone(),
        };
        catch_up(tenant, &page, after, sequence)?;
    }
    presence(tenant, None);
    Ok(Response::from_websocket(client)?)
}

/// Tells a page that was away what it missed since the log had `after` entries.
fn catch_up(tenant: &Tenant, page: &Page, after: u64, sequence: u64) -> Outcome<()> {
    match stored::changed_since(tenant, after, MISSED_MAX)? {
        Some(missed) if after <= sequence => {
            for stored in &missed {
                tell_all(std::slice::from_ref(page), stored, sequence);
            }
        }
        _ => say(&page.socket, &Told::Reset { sequence }),
    }
    Ok(())
}

/// Tells of a draft whoever may read it. Who let it out is told of no second look at it: that is
/// somebody else's.
fn tell_all(pages: &[Page], stored: &Stored, sequence: u64) {
    let mut draft = queue::summary(stored, now());
    let look_owed = draft.look_owed;
    for page in pages {
        if queue::may_read(&page.sight, stored) {
            draft.look_owed = look_owed && !queue::is_own_look(stored, &page.person);
            let draft = &draft;
            say(&page.socket, &Told::Draft { sequence, draft });
        }
    }
}

/// A page said where its reviewer looks.
pub fn receive(tenant: &Tenant, socket: &WebSocket, message: &WebSocketIncomingMessage) {
    let WebSocketIncomingMessage::String(text) = message else {
        return;
    };
    if text.len() > MESSAGE_BYTES_MAX {
        return;
    }
    let Ok(Heard::Focus { draft }) = parsed(text) else {
        return;
    };
    if let Some(known) = Attachment::of(socket).filter(|known| known.draft != draft)
        && limits::count_person(tenant, &known.person.id, now()).is_ok()
        && (Attachment { draft, ..known }).keep(socket).is_ok()
    {
        presence(tenant, None);
    }
}

/// A page says that it goes: until it is answered its line stays, and then ends as if it had broken.
pub fn answer_close(socket: &WebSocket, code: usize) {
    let said = u16::try_from(code)
        .ok()
        .filter(|code| !UNSAID.contains(code));
    // Where we closed it there is nobody to tell.
    let _ = socket.close(Some(said.unwrap_or(NORMAL)), None::<&str>);
}

/// A page went away.
pub fn leave(tenant: &Tenant, socket: &WebSocket) {
    presence(tenant, Some(socket));
}

/// Closes the pages whose session ended, by whatever way.
pub fn sweep(tenant: &Tenant, now: Millis) {
    close_those(tenant, |page| {
        !page.is_some_and(|page| people::is_live(tenant, &page.session, now))
    });
}

/// Closes the pages of a person: what they show is no longer theirs to see.
pub fn close(tenant: &Tenant, person_id: &str) {
    close_those(tenant, |page| {
        page.is_some_and(|page| page.person.id == person_id)
    });
}

/// Closes every page: the tenant is gone.
pub fn close_all(tenant: &Tenant) {
    close_those(tenant, |_| true);
}

fn close_those(tenant: &Tenant, ended: impl Fn(Option<Attachment>) -> bool) {
    for socket in tenant.state.get_websockets() {
        if ended(Attachment::of(&socket)) {
            // One that is gone already is nothing to report.
            let _ = socket.close(Some(SESSION_ENDED), Some("session ended"));
        }
    }
}

/// Tells every page how the drafts are now.
pub fn tell(tenant: &Tenant, changed: &[String]) {
    if changed.is_empty() || tenant.state.get_websockets().is_empty() {
        return;
    }
    sweep(tenant, now());
    let sockets = tenant.state.get_websockets().into_iter();
    let pages: Vec<Page> = sockets
        .filter_map(|socket| Page::of(tenant, socket))
        .collect();
    let Ok(sequence) = log::size(tenant) else {
        return;
    };
    for id in changed {
        if let Ok(stored) = stored::load(tenant, id) {
            tell_all(&pages, &stored, sequence);
        }
    }
}

impl Page {
    /// As what its person may read is now; none where nobody knows it.
    fn of(tenant: &Tenant, socket: WebSocket) -> Option<Self> {
        let Attachment { person, .. } = Attachment::of(&socket)?;
        let sight = sight::of(tenant, &person).ok()?;
        Some(Self {
            socket,
            person: person.id,
            sight,
        })
    }
}

fn presence(tenant: &Tenant, gone: Option<&WebSocket>) {
    let sockets = tenant.state.get_websockets();
    let here = || sockets.iter().filter(|socket| gone != Some(socket));
    let people = here()
        .filter_map(Attachment::of)
        .map(|Attachment { person, draft, .. }| Present {
            id: person.id,
            name: person.name,
            draft,
        })
        .collect();
    let Ok(told) = serde_json::to_string(&Told::Presence { people }) else {
        return;
    };
    for socket in here() {
        let _ = socket.send_with_str(&told);
    }
}

/// A page that can't be reached will ask for the queue again.
fn say(socket: &WebSocket, told: &Told<'_>) {
    if let Ok(text) = serde_json::to_string(told) {
        let _ = socket.send_with_str(text);
    }
}
