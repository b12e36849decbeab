//! Any bytes as a policy document: it is refused with faults, or it is sound, says itself again, and
//! can be linted. The same as `src/policy/tests/laws/document.rs`, from worse input.

#![no_main]

use countersign_policy::case::broken_faults;
use countersign_policy::document::Policy;
use countersign_policy::lint::lint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Policy::parse(bytes) {
        Err(faults) => assert!(!faults.is_empty()),
        Ok(policy) => {
            let again = serde_json::to_vec(&policy).expect("a policy is JSON");
            assert_eq!(Policy::parse(&again).as_ref(), Ok(&policy));
            for fault in broken_faults(&policy) {
                assert!(fault.pointer.starts_with("/cases/"));
            }
            for finding in lint(&policy) {
                assert!(finding.example.is_none_or(|example| example.draft.faults().is_empty()));
            }
        }
    }
});
