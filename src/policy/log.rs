//! The tenant's audit log: one entry's canonical form, its leaf hash, and the Merkle tree of all
//! (RFC 6962). It must not hold texts: an entry carries ids, enums, integers and salted commitments.
//!
//! The form of an entry is fixed: leaves cannot be rehashed. New facts may be added to `facts`;
//! nothing else may change under `v` 1.

use crate::canonical::written_in_order;
use crate::proof::{Node, TILE_LEVELS};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The form that this file fixes.
pub const ENTRY_FORM: u32 = 1;

// Fields stand in the order of their names, as RFC 8785 wants it, so that an entry is written in one go;
// a law holds that to the general form.
/// One fact that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// The id of what it happened to: a draft unless the event says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
    /// Ids, enums, integers and commitments, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Fact>,
    /// The index of the leaf, from 0, without gaps.
    pub seq: u64,
    /// The tenant's id.
    pub tenant: String,
    /// The form of the entry: 1.
    pub v: u32,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is named by its text")]
pub enum Event {
    #[serde(rename = "tenant.created")]
    TenantCreated,
    #[serde(rename = "key.created")]
    KeyCreated,
    #[serde(rename = "key.revoked")]
    KeyRevoked,
    #[serde(rename = "webhook.created")]
    WebhookCreated,
    #[serde(rename = "webhook.deleted")]
    WebhookDeleted,
    #[serde(rename = "webhook.rotated")]
    WebhookRotated,
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled,
    #[serde(rename = "dead_letter.replayed")]
    DeadLetterReplayed,
    #[serde(rename = "dead_letter.dropped")]
    DeadLetterDropped,
    #[serde(rename = "seed.created")]
    SeedCreated,
    #[serde(rename = "seed.removed")]
    SeedRemoved,
    #[serde(rename = "seed.ended")]
    SeedEnded,
    #[serde(rename = "copy.set_aside")]
    CopySetAside,
    #[serde(rename = "copy.replayed")]
    CopyReplayed,
    #[serde(rename = "invitation.created")]
    InvitationCreated,
    #[serde(rename = "person.role_changed")]
    PersonRoleChanged,
    #[serde(rename = "person.removed")]
    PersonRemoved,
    #[serde(rename = "session.opened")]
    SessionOpened,
    #[serde(rename = "session.closed")]
    SessionClosed,
    #[serde(rename = "person.changed")]
    PersonChanged,
    #[serde(rename = "rota.changed")]
    RotaChanged,
    #[serde(rename = "rota.empty")]
    RotaEmpty,
    #[serde(rename = "rota.covered")]
    RotaCovered,
    #[serde(rename = "policy.proposed")]
    PolicyProposed,
    #[serde(rename = "policy.declined")]
    PolicyDeclined,
    #[serde(rename = "policy.changed")]
    PolicyChanged,
    #[serde(rename = "level.changed")]
    LevelChanged,
    #[serde(rename = "level.refused")]
    LevelRefused,
    #[serde(rename = "proposal.made")]
    ProposalMade,
    #[serde(rename = "proposal.answered")]
    ProposalAnswered,
    #[serde(rename = "proposal.stale")]
    ProposalStale,
    #[serde(rename = "version.declared_equivalent")]
    VersionDeclaredEquivalent,
    #[serde(rename = "stop.changed")]
    StopChanged,
    #[serde(rename = "shadow.changed")]
    ShadowChanged,
    #[serde(rename = "pressure.changed")]
    PressureChanged,
    #[serde(rename = "draft.routed")]
    DraftRouted,
    #[serde(rename = "draft.rerouted")]
    DraftRerouted,
    #[serde(rename = "draft.leased")]
    DraftLeased,
    #[serde(rename = "draft.unleased")]
    DraftUnleased,
    #[serde(rename = "draft.assigned")]
    DraftAssigned,
    #[serde(rename = "draft.returned")]
    DraftReturned,
    #[serde(rename = "draft.warned")]
    DraftWarned,
    #[serde(rename = "draft.decided")]
    DraftDecided,
    #[serde(rename = "draft.undone")]
    DraftUndone,
    #[serde(rename = "draft.settled")]
    DraftSettled,
    #[serde(rename = "draft.withdrawn")]
    DraftWithdrawn,
    #[serde(rename = "draft.superseded")]
    DraftSuperseded,
    #[serde(rename = "draft.stale")]
    DraftStale,
    #[serde(rename = "draft.expired")]
    DraftExpired,
    #[serde(rename = "draft.escalated")]
    DraftEscalated,
    #[serde(rename = "draft.reported")]
    DraftReported,
    #[serde(rename = "draft.unconfirmed")]
    DraftUnconfirmed,
    #[serde(rename = "draft.looked_at")]
    DraftLookedAt,
    #[serde(rename = "correction.stored")]
    CorrectionStored,
    #[serde(rename = "key.rotated")]
    KeyRotated,
    #[serde(rename = "data.erased")]
    DataErased,
    #[serde(rename = "data.expired")]
    DataExpired,
    #[serde(rename = "hold.changed")]
    HoldChanged,
    #[serde(rename = "retention.changed")]
    RetentionChanged,
    #[serde(rename = "correction.retired")]
    CorrectionRetired,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// A key's or person's id; `countersign` for the system itself.
    pub id: String,
    /// What they are.
    pub kind: ActorKind,
}

impl Actor {
    /// The program that holds a key.
    pub fn agent(key_id: &str) -> Self {
        Self {
            kind: ActorKind::Agent,
            id: key_id.to_owned(),
        }
    }
}

/// The kinds of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A program with a key.
    Agent,
    /// A person with a session.
    Reviewer,
    /// The operator of the deployment.
    Operator,
    /// Countersign itself: a deadline, an undo window.
    System,
}

/// One value of an entry; never a text that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Fact {
    /// At most 2^53.
    Integer(u64),
    /// Yes or no.
    Truth(bool),
    /// An id, an enum's name, or a commitment in hexadecimal.
    Name(String),
    /// Several of these.
    Names(Vec<String>),
}

impl From<u64> for Fact {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Fact {
    fn from(value: u32) -> Self {
        Self::Integer(u64::from(value))
    }
}

impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Truth(value)
    }
}

impl From<&str> for Fact {
    fn from(value: &str) -> Self {
        Self::Name(value.to_owned())
    }
}

impl From<String> for Fact {
    fn from(value: String) -> Self {
        Self::Name(value)
    }
}

impl From<Vec<String>> for Fact {
    fn from(value: Vec<String>) -> Self {
        Self::Names(value)
    }
}

impl AuditEntry {
    /// RFC 8785 canonical JSON, whose bytes are the leaf.
    pub fn canonical(&self) -> String {
        written_in_order(self)
    }

    /// The leaf hash of the canonical form.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(self.canonical().as_bytes())
    }
}

/// SHA-256 of salt and text: binds an entry to a text that can be erased.
pub fn commitment(salt: &[u8; 32], text: &str) -> Hash {
    Sha256::new()
        .chain_update(salt)
        .chain_update(text.as_bytes())
        .finalize()
        .into()
}

/// RFC 6962 section 2.1: SHA-256 of 0x00 and the leaf's bytes.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// RFC 6962 section 2.1: SHA-256 of 0x01 and the two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The right edge of the tree: all that is needed to append and to state the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    /// Leaves so far.
    pub size: u64,
    /// Roots of the complete subtrees, largest first: one for each 1 bit of `size`.
    pub peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier with one more leaf.
    #[must_use]
    pub fn with(&self, leaf: Hash) -> Self {
        let mut frontier = self.clone();
        frontier.push(leaf);
        frontier
    }

    /// Adds a leaf; gives the nodes above it that are stored for proofs: of every
    /// [`TILE_LEVELS`]th level those that are complete now.
    pub fn push(&mut self, leaf: Hash) -> Vec<(Node, Hash)> {
        let mut tiles = Vec::new();
        let mut hash = leaf;
        // Each trailing 1 bit of the size is a complete subtree that the new leaf fills up.
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            if level.is_multiple_of(TILE_LEVELS) {
                let index = self.size >> level;
                tiles.push((Node { level, index }, hash));
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
        tiles
    }

    /// RFC 6962 section 2.1: the Merkle tree hash of all leaves; of none, SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Sha256::digest([]).into(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The peaks in hexadecimal, for storage.
    pub fn to_hex(&self) -> Vec<String> {
        self.peaks
            .iter()
            .map(|peak| crate::digest::hex(peak))
            .collect()
    }

    /// A stored frontier; `None` unless there is a peak for each 1 bit of `size`.
    pub fn from_hex(size: u64, peaks: &[String]) -> Option<Self> {
        let peaks: Option<Vec<Hash>> = peaks
            .iter()
            .map(|peak| crate::digest::from_hex(peak)?.try_into().ok())
            .collect();
        peaks
            .filter(|peaks| u32::try_from(peaks.len()).ok() == Some(size.count_ones()))
            .map(|peaks| Self { size, peaks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    /// The definition of RFC 6962, section 2.1, written as it stands there.
    fn tree_hash(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&tree_hash(&leaves[..split]), &tree_hash(&leaves[split..]))
            }
        }
    }

    #[test]
    fn the_frontier_states_the_root_of_the_definition() {
        let mut frontier = Frontier::default();
        let mut leaves = Vec::new();
        for index in 0_u32..130 {
            assert_eq!(frontier.root(), tree_hash(&leaves), "{index} leaves");
            assert_eq!(
                Frontier::from_hex(frontier.size, &frontier.to_hex()),
                Some(frontier.clone())
            );
            let leaf = leaf_hash(&index.to_be_bytes());
            leaves.push(leaf);
            frontier = frontier.with(leaf);
        }
        assert_eq!(Frontier::from_hex(3, &[]), None);
    }

    #[test]
    fn known_hashes_of_rfc_6962() {
        // Test vectors of the certificate-transparency project: the empty tree and the empty leaf.
        assert_eq!(
            hex(&Frontier::default().root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(&leaf_hash(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn the_form_of_an_entry_is_fixed() {
        let entry = AuditEntry {
            v: ENTRY_FORM,
            tenant: "0198c0de-0000-7000-8000-000000000001".into(),
            seq: 7,
            at_ms: 1_795_315_320_123,
            event: Event::DraftDecided,
            actor: Actor {
                kind: ActorKind::Reviewer,
                id: "r1".into(),
            },
            about: Some("d1".into()),
            facts: BTreeMap::from([
                ("verdict".to_owned(), "edit".into()),
                ("policy_version".to_owned(), 3_u32.into()),
                ("sampled".to_owned(), false.into()),
                (
                    "reasons".to_owned(),
                    vec!["level".to_owned(), "signal".to_owned()].into(),
                ),
            ]),
        };
        let text = concat!(
            r#"{"about":"d1","actor":{"id":"r1","kind":"reviewer"},"at_ms":1795315320123,"#,
            r#""event":"draft.decided","facts":{"policy_version":3,"reasons":["level","signal"],"#,
            r#""sampled":false,"verdict":"edit"},"seq":7,"#,
            r#""tenant":"0198c0de-0000-7000-8000-000000000001","v":1}"#
        );
        assert_eq!(entry.canonical(), text);
        assert_eq!(serde_json::from_str::<AuditEntry>(text).unwrap(), entry);
        assert_eq!(
            hex(&entry.leaf_hash()),
            "30cd2ebc7722171b364886626c67d5b87b2f75f391172c4d051315104e46e275"
        );
    }
}
