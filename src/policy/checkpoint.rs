//! Checkpoints: a signed statement of an audit log's size and root, as a C2SP tlog-checkpoint in a
//! C2SP signed note with an Ed25519 key. It must not sign: the platform does, and hands in the
//! signature.
//!
//! ```text
//! countersign/audit/0198c0de-0000-7000-8000-000000000001
//! 1042
//! <root, base64>
//!
//! — countersign/audit/0198c0de-0000-7000-8000-000000000001 <key id and signature, base64>
//! ```

use crate::log::Hash;
use crate::proof::SIZE_MAX;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The signature type of Ed25519 in signed notes.
const ED25519: u8 = 1;
/// A note above this is not read: ours has about 300 bytes, witnesses add 100 each.
const NOTE_BYTES_MAX: usize = 64 * 1024;
/// A checkpoint is published at most this often, in milliseconds: once an hour.
pub const PUBLISH_MS: u64 = 3_600_000;

/// What a log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: [`origin`] of its tenant.
    pub origin: String,
    /// Entries, at most [`SIZE_MAX`].
    pub size: u64,
    /// The Merkle tree hash of all of them.
    pub root: Hash,
}

/// The public key of a log, written as a signed note's verifier key: `name+id+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The log's origin.
    pub name: String,
    /// An Ed25519 public key.
    pub public: [u8; 32],
}

/// A note whose form is right; nobody has checked its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it states.
    pub checkpoint: Checkpoint,
    /// The bytes that are signed.
    pub text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    /// Key id and signature.
    bytes: Vec<u8>,
}

/// Why a checkpoint does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteFault {
    /// It is not a checkpoint in a signed note.
    Malformed,
    /// It is another log's, or nobody signed it with this key.
    NotByThisKey,
    /// The signature is not one of these words.
    WrongSignature,
}

/// The name of a tenant's log: unique, since the tenant's id is.
pub fn origin(tenant: &str) -> String {
    format!("countersign/audit/{tenant}")
}

/// Whether a checkpoint is published now: the log grew, and the last one is an hour old.
pub fn is_due(
    published: Option<(u64, crate::time::Millis)>,
    size: u64,
    now: crate::time::Millis,
) -> bool {
    published.is_none_or(|(before, at)| size > before && now.since(at) >= PUBLISH_MS)
}

impl Checkpoint {
    /// The words that are signed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )
    }

    /// The signed note.
    pub fn note(&self, key: &LogKey, signature: &[u8; 64]) -> String {
        let bytes = [key.id().as_slice(), signature].concat();
        format!(
            "{}\n\u{2014} {} {}\n",
            self.text(),
            key.name,
            STANDARD.encode(bytes)
        )
    }

    /// Reads signed words; lines after the third are extensions, which say nothing here.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let plain = number.to_string() == size && number <= SIZE_MAX && !origin.is_empty();
        plain.then_some(Self {
            origin: origin.to_owned(),
            size: number,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
        })
    }
}

impl LogKey {
    /// The first four bytes of SHA-256 of name and key: which of a log's keys it is.
    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.public)
            .finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], self.public.as_slice()].concat();
        let id = crate::digest::hex(&self.id());
        write!(f, "{}+{id}+{}", self.name, STANDARD.encode(key))
    }
}

impl FromStr for LogKey {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let read = || {
            let (name, rest) = text.trim().split_once('+')?;
            let (id, key) = rest.split_once('+')?;
            let key = STANDARD.decode(key).ok()?;
            let public = key.strip_prefix(&[ED25519])?.try_into().ok()?;
            let key = Self {
                name: name.to_owned(),
                public,
            };
            (crate::digest::hex(&key.id()) == id && !name.is_empty()).then_some(key)
        };
        read().ok_or(NoteFault::Malformed)
    }
}

impl Note {
    /// Reads a note without checking who signed it.
    pub fn parse(note: &str) -> Result<Self, NoteFault> {
        let read = || {
            if note.len() > NOTE_BYTES_MAX || note.contains(|c: char| c < ' ' && c != '\n') {
                return None;
            }
            let (text, signatures) = note.rsplit_once("\n\n")?;
            let text = format!("{text}\n");
            let signatures = signatures.strip_suffix('\n')?.split('\n');
            Some(Self {
                checkpoint: Checkpoint::parse(&text)?,
                signatures: signatures.map(Signature::parse).collect::<Option<_>>()?,
                text,
            })
        };
        read().ok_or(NoteFault::Malformed)
    }

    /// The signature by this key, to be checked over [`Note::text`].
    pub fn signature(&self, key: &LogKey) -> Option<[u8; 64]> {
        let own = self.signatures.iter().filter(|one| one.name == key.name);
        own.filter_map(|one| one.bytes.split_first_chunk::<4>())
            .find(|(id, _)| **id == key.id())
            .and_then(|(_, signature)| signature.try_into().ok())
    }

    /// The checkpoint, if its log signed it with this key.
    #[cfg(feature = "verify")]
    pub fn open(self, key: &LogKey) -> Result<Checkpoint, NoteFault> {
        use ed25519_dalek::{Signature, VerifyingKey};
        let own = self.checkpoint.origin == key.name;
        let signature = self.signature(key).filter(|_| own);
        let signature = Signature::from_bytes(&signature.ok_or(NoteFault::NotByThisKey)?);
        VerifyingKey::from_bytes(&key.public)
            .and_then(|public| public.verify_strict(self.text.as_bytes(), &signature))
            .map_err(|_| NoteFault::WrongSignature)?;
        Ok(self.checkpoint)
    }
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD
            .decode(bytes)
            .ok()
            .filter(|bytes| bytes.len() > 4)?;
        let name = name.to_owned();
        (!name.is_empty()).then_some(Self { name, bytes })
    }
}

impl fmt::Display for NoteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a checkpoint in a signed note",
            Self::NotByThisKey => "it is not signed with this key",
            Self::WrongSignature => "its signature is wrong: it was changed after it was signed",
        })
    }
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::time::Millis;
    use ed25519_dalek::{Signer, SigningKey};

    const TENANT: &str = "0198c0de-0000-7000-8000-000000000001";

    fn signed() -> (Checkpoint, LogKey, String) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let checkpoint = Checkpoint {
            origin: origin(TENANT),
            size: 1_042,
            root: [9; 32],
        };
        let key = LogKey {
            name: origin(TENANT),
            public: secret.verifying_key().to_bytes(),
        };
        let note = checkpoint.note(&key, &secret.sign(checkpoint.text().as_bytes()).to_bytes());
        (checkpoint, key, note)
    }

    fn open(note: &str, key: &LogKey) -> Result<Checkpoint, NoteFault> {
        Note::parse(note)?.open(key)
    }

    #[test]
    fn a_note_opens_with_its_log_s_key_alone() {
        let (checkpoint, key, note) = signed();
        assert_eq!(open(&note, &key), Ok(checkpoint));
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let another = LogKey {
            public: SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes(),
            ..key.clone()
        };
        assert_eq!(open(&note, &another), Err(NoteFault::NotByThisKey));
        let elsewhere = LogKey {
            name: origin("another"),
            ..key
        };
        assert_eq!(open(&note, &elsewhere), Err(NoteFault::NotByThisKey));
    }

    #[test]
    fn no_byte_of_a_note_can_change() {
        let (_, key, note) = signed();
        for index in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[index] = if bytes[index] == b'2' { b'3' } else { b'2' };
            let changed = String::from_utf8_lossy(&bytes);
            assert!(open(&changed, &key).is_err(), "{changed}");
        }
    }

    #[test]
    fn other_implementations_of_the_formats_agree() {
        let (checkpoint, key, note) = signed();
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.text().as_bytes()).unwrap();
        assert_eq!(
            (theirs.origin(), theirs.size()),
            (checkpoint.origin.as_str(), 1_042)
        );
        assert_eq!(theirs.hash().0, checkpoint.root);
        let verifier = signed_note::StandardVerifier::new(&key.to_string()).unwrap();
        let verifiers = signed_note::VerifierList::new(vec![Box::new(verifier)]);
        let (verified, others) = signed_note::Note::from_bytes(note.as_bytes())
            .unwrap()
            .verify(&verifiers)
            .unwrap();
        assert_eq!((verified.len(), others.len()), (1, 0));
    }

    #[test]
    fn one_is_published_when_the_log_grew_and_an_hour_is_over() {
        assert!(is_due(None, 1, Millis(5)));
        let last = Some((10, Millis(1_000)));
        assert!(!is_due(last, 11, Millis(1_000 + PUBLISH_MS - 1)));
        assert!(!is_due(last, 10, Millis(1_000 + PUBLISH_MS)));
        assert!(is_due(last, 11, Millis(1_000 + PUBLISH_MS)));
    }
}
