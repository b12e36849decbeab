//! Any bytes as a draft: it is refused by the field at fault, or it is sound and says itself again. A
//! body that a parser would have to descend into is told by its depth first.

#![no_main]

use countersign_policy::depth::is_too_deep;
use countersign_policy::draft::Draft;
use countersign_policy::log::canonical;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if is_too_deep(bytes) {
        return;
    }
    if let Ok(draft) = Draft::parse(bytes) {
        assert!(draft.faults().is_empty());
        let again = Draft::parse(canonical(&draft).as_bytes()).expect("a draft is JSON");
        assert_eq!(canonical(&again), canonical(&draft));
    }
});
