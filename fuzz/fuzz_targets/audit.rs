//! Any bytes as an export of the audit log, a checkpoint and a log's key: they are refused or read, and
//! what is read is written again as it was.

#![no_main]

use countersign_policy::checkpoint::{LogKey, Note};
use countersign_policy::log::AuditEntry;
use countersign_policy::verify::{FINDINGS_MAX, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let report = verify(text, &[]);
    assert!(report.findings.len() <= FINDINGS_MAX && report.vouched == 0);
    if let Ok(note) = Note::parse(text) {
        let again = verify(text, std::slice::from_ref(&note.checkpoint));
        assert!(note.checkpoint.size == 0 || !again.findings.is_empty());
        if let Some((key, _)) = text.split_once('\n') {
            let _ = key.parse::<LogKey>().map(|key| note.open(&key));
        }
    }
    if let Ok(key) = text.parse::<LogKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(entry) = serde_json::from_str::<AuditEntry>(text) {
        let again = serde_json::from_str::<AuditEntry>(&entry.canonical());
        assert_eq!(again.expect("a canonical entry is one").leaf_hash(), entry.leaf_hash());
    }
});
