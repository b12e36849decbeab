//! Any text as a credential, or as the header of one: nothing that was not issued passes, whatever its form.

#![no_main]

use countersign_policy::depth::is_too_deep;
use countersign_policy::key::{KeyKind, check, in_authorization, in_cookies};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = is_too_deep(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = in_authorization(text);
    assert!(in_cookies(text, "session").is_none_or(|value| !value.contains(';')));
    for kind in [KeyKind::Agent, KeyKind::Policy, KeyKind::Invitation, KeyKind::Session] {
        assert_eq!(check(kind, text, &[b"a key that the fuzzer does not know"]), None);
    }
});
